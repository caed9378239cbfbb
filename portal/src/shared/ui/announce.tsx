/* One polite live region: gates and halts are spoken, ticks are not. */
import { useSyncExternalStore } from "react";

let said = "";
const listeners = new Set<() => void>();

export function announce(message: string): void {
  said = message;
  listeners.forEach((listener) => listener());
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Announcer() {
  const message = useSyncExternalStore(subscribe, () => said);
  return (
    <div className="sr-only" role="status" aria-live="polite">
      {message}
    </div>
  );
}

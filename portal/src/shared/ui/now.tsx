/* One clock for the page: relative times move together, once in five seconds. */
import { useSyncExternalStore } from "react";
import { ago, moment, utc } from "../format";

const TICK_MS = 5000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  if (!listeners.size) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      listeners.forEach((told) => told());
    }, TICK_MS);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (!listeners.size) clearInterval(timer);
  };
}

export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

export function Ago({ ms }: { ms: number }) {
  const shown = ago(ms, useNow());
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)} className="num whitespace-nowrap">
      {shown}
    </time>
  );
}

export function Moment({ ms }: { ms: number }) {
  const shown = moment(ms, useNow());
  return (
    <time dateTime={new Date(ms).toISOString()} title={utc(ms)} className="num whitespace-nowrap">
      {shown}
    </time>
  );
}

/* The list's filter lives in the address, so that a view can be shared and the back button works. */
import { useSearchParams } from "wouter";
import type { DeviceState } from "../../shared/api/client";
import type { DeviceFilter } from "../../shared/api/queries";
import { STATES } from "../../shared/ui/state";

export const NARROWING = ["version", "group", "hardware", "rollout"] as const;

export function parseFilter(params: URLSearchParams): DeviceFilter {
  const filter: DeviceFilter = {};
  const state = params.get("state") as DeviceState | null;
  if (state && STATES.includes(state)) filter.state = state;
  const q = params.get("q")?.trim();
  if (q) filter.q = q;
  if (params.get("online") === "false") filter.online = false;
  for (const name of NARROWING) {
    const value = params.get(name);
    if (value) filter[name] = value;
  }
  return filter;
}

export function useDeviceFilter(): [DeviceFilter, (change: Record<string, string | undefined>) => void] {
  const [params, setParams] = useSearchParams();
  const change = (values: Record<string, string | undefined>) =>
    setParams(
      (old) => {
        const next = new URLSearchParams(old);
        for (const [name, value] of Object.entries(values)) {
          if (value) next.set(name, value);
          else next.delete(name);
        }
        return next;
      },
      { replace: true },
    );
  return [parseFilter(params), change];
}

/* The pages of a device list that are on the screen, and when to read their order again. */
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { Device, DevicePage, FleetSummary, StateCounts } from "../api/client";
import { DEVICE_PAGE_SIZE, type DeviceFilter, devicesQuery, keys, summaryQuery } from "../api/queries";

const SETTLE_MS = 1500;
const CALM_SCROLL_PX = 60;

export interface DevicePages {
  first: DevicePage | undefined;
  error: unknown;
  total: number;
  at: (index: number) => Device | undefined;
  again: () => void;
}

export function useDevicePages(filter: DeviceFilter, from: number, to: number): DevicePages {
  const client = useQueryClient();
  const offsets = [0];
  for (let page = Math.max(1, Math.floor(from / DEVICE_PAGE_SIZE)); page <= Math.floor(to / DEVICE_PAGE_SIZE); page++) offsets.push(page * DEVICE_PAGE_SIZE);
  const results = useQueries({
    queries: offsets.map((offset) => ({ ...devicesQuery(filter, offset), placeholderData: offset === 0 ? keepPreviousData : undefined })),
  });
  const pages = new Map(offsets.map((offset, i) => [offset, results[i]?.data]));
  const first = pages.get(0);
  return {
    first,
    error: results.find((result) => result.error)?.error ?? null,
    total: first?.total ?? 0,
    at: (index) => pages.get(index - (index % DEVICE_PAGE_SIZE))?.items[index % DEVICE_PAGE_SIZE],
    again: () => void client.invalidateQueries({ queryKey: [...keys.devices, filter] }),
  };
}

interface Mark {
  states: StateCounts;
  summary: FleetSummary;
}

function distance(a: FleetSummary, b: FleetSummary): number {
  const moved = Object.entries(a.states).reduce((sum, [state, count]) => sum + Math.abs(count - b.states[state as keyof StateCounts]), 0);
  return Math.max(Math.ceil(moved / 2), Math.abs(a.devices - b.devices), Math.abs(a.online - b.online));
}

/* How many devices changed since the list was read, as far as a person must know: while nobody points at the list it is
 * read again by itself; otherwise rows keep their places until the person asks. */
export function useChangedSince(pages: DevicePages, list: RefObject<HTMLElement | null>): number {
  const { data: summary } = useQuery(summaryQuery());
  const mark = useRef<Mark | null>(null);
  const states = pages.first?.states;
  if (states && summary && mark.current?.states !== states) mark.current = { states, summary };
  const changed = mark.current && summary ? distance(summary, mark.current.summary) : 0;

  const isCalm = useCallback(() => {
    const { current } = list;
    return !current || (scrollY < CALM_SCROLL_PX && !current.matches(":hover") && !current.contains(document.activeElement));
  }, [list]);
  const again = useRef(pages.again);
  useEffect(() => {
    again.current = pages.again;
  });
  const due = changed > 0;
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (!due) return;
    const timer = setInterval(() => {
      const calm = isCalm();
      setHeld(!calm);
      if (calm) again.current();
    }, SETTLE_MS);
    return () => clearInterval(timer);
  }, [due, isCalm]);
  return held ? changed : 0;
}

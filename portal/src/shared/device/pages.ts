/* The pages of a device list that are on the screen, and when to read their order again. */
import { keepPreviousData, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef, useState } from "react";
import type { Device, DevicePage, FleetSummary, StateCounts } from "../api/client";
import { DEVICE_PAGE_SIZE, type DeviceFilter, devicesQuery, keys, summaryQuery } from "../api/queries";

const SETTLE_MS = 1500;
const CALM_SCROLL_PX = 60;

export interface DevicePages {
  first: DevicePage | undefined;
  /* Why rows are missing; null while those that were read stand, even if reading them again fails. */
  error: unknown;
  isReading: boolean;
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
    error: results.find((result) => result.error && !result.data)?.error ?? null,
    isReading: results[0]?.isFetching ?? false,
    total: first?.total ?? 0,
    at: (index) => pages.get(index - (index % DEVICE_PAGE_SIZE))?.items[index % DEVICE_PAGE_SIZE],
    again: () => void client.invalidateQueries({ queryKey: [...keys.devices, filter] }),
  };
}

function distance(a: FleetSummary, b: FleetSummary): number {
  const moved = Object.entries(a.states).reduce((sum, [state, count]) => sum + Math.abs(count - b.states[state as keyof StateCounts]), 0);
  return Math.max(Math.ceil(moved / 2), Math.abs(a.devices - b.devices), Math.abs(a.online - b.online));
}

/* The fleet as it was when the list was asked for: what came later may be missing in the answer. */
function useSummaryOf(pages: DevicePages, summary: FleetSummary | undefined): FleetSummary | undefined {
  const asked = useRef<FleetSummary>(undefined);
  const latest = useRef(summary);
  const [read, setRead] = useState(summary);
  useEffect(() => {
    latest.current = summary;
  }, [summary]);
  useEffect(() => {
    if (pages.isReading) asked.current = latest.current;
    else setRead(asked.current);
  }, [pages.isReading]);
  return read;
}

/* How many devices changed since the list was read, as far as a person must know: while nobody points at the list it is
 * read again by itself; otherwise rows keep their places until the person asks. */
export function useChangedSince(pages: DevicePages, list: RefObject<HTMLElement | null>): number {
  const { data: summary } = useQuery(summaryQuery());
  const read = useSummaryOf(pages, summary);
  const changed = read && summary ? distance(summary, read) : 0;
  const [held, setHeld] = useState(false);
  const now = useRef(pages);
  useEffect(() => {
    now.current = pages;
  });
  const due = changed > 0;
  useEffect(() => {
    if (!due) return;
    const isCalm = () => {
      const { current } = list;
      return !current || now.current.total === 0 || (scrollY < CALM_SCROLL_PX && !current.matches(":hover") && !current.contains(document.activeElement));
    };
    const timer = setInterval(() => {
      const calm = isCalm();
      setHeld(!calm);
      if (calm) now.current.again();
    }, SETTLE_MS);
    return () => clearInterval(timer);
  }, [due, list]);
  return held ? changed : 0;
}

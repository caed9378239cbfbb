/* A device list of any length: only the rows on the screen exist, and only those are watched. */
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { RefreshCw } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type RefObject, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import type { DeviceFilter } from "../api/queries";
import { useWatch } from "../live/live";
import { WATCH_MAX } from "../live/stream";
import { text } from "../text";
import { Failure, Skeleton } from "../ui/panel";
import { type DevicePages, useChangedSince, useDevicePages } from "./pages";
import { COLUMNS, DeviceCard, DeviceRow } from "./row";

const ROW_PX = 42;
const CARD_PX = 72;
const SKELETON_PX = 420;
const narrow = matchMedia("(max-width: 1179px)");

function useNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrow.addEventListener("change", listener);
      return () => narrow.removeEventListener("change", listener);
    },
    () => narrow.matches,
  );
}

/* Where the list begins on the page; what stands above it may change its height. */
function useTop(ref: RefObject<HTMLElement | null>): number {
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const now = Math.round((ref.current?.getBoundingClientRect().top ?? 0) + scrollY);
    if (now !== top) setTop(now);
  });
  return top;
}

function moveFocus(event: KeyboardEvent<HTMLElement>, show: (index: number) => void): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = (event.target as HTMLElement).closest<HTMLElement>("[data-index]");
  if (!step || !row) return;
  event.preventDefault();
  const index = Number(row.dataset.index) + step;
  const next = event.currentTarget.querySelector<HTMLElement>(`[data-index="${index}"] a`);
  next?.focus({ preventScroll: true });
  if (next) show(index);
}

interface DeviceTableProps {
  filter: DeviceFilter;
  label: string;
  empty: ReactNode;
  /* Drawn above the rows, with what the list knows. */
  bar?: (pages: DevicePages) => ReactNode;
}

export function DeviceTable({ filter, label, empty, bar }: DeviceTableProps) {
  const list = useRef<HTMLDivElement>(null);
  const rows = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState<[number, number]>([0, 0]);
  const cards = useNarrow();
  const pages = useDevicePages(filter, ...range);
  const changed = useChangedSince(pages, list);
  const top = useTop(rows);
  const size = cards ? CARD_PX : ROW_PX;
  const virtual = useWindowVirtualizer({
    count: pages.total,
    estimateSize: () => size,
    overscan: 6,
    scrollMargin: top,
    scrollPaddingStart: cards ? 0 : ROW_PX,
    onChange: ({ range: shown }) => {
      if (shown && (shown.startIndex !== range[0] || shown.endIndex !== range[1])) setRange([shown.startIndex, shown.endIndex]);
    },
  });
  useLayoutEffect(() => {
    virtual.measure();
  }, [virtual, size]);

  const shown = [];
  for (let i = range[0]; i <= range[1] && shown.length < WATCH_MAX; i++) shown.push(pages.at(i)?.id);
  useWatch(shown.filter((id) => id !== undefined));

  return (
    <div ref={list}>
      {bar?.(pages)}
      {pages.error !== null && <Failure error={pages.error} what={label} again={pages.again} />}
      {!pages.first && pages.error === null && <Skeleton height={SKELETON_PX} />}
      {pages.first && pages.total === 0 && empty}
      <div role={cards ? "list" : "table"} aria-label={label} aria-rowcount={cards ? undefined : pages.total + 1} onKeyDown={(event) => moveFocus(event, virtual.scrollToIndex)} hidden={pages.total === 0}>
        {!cards && <HeadRow />}
        <div ref={rows} role={cards ? "presentation" : "rowgroup"} className="relative" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((item) => {
            const device = pages.at(item.index);
            const place = cards ? { role: "listitem", "aria-posinset": item.index + 1, "aria-setsize": pages.total } : { role: "row", "aria-rowindex": item.index + 2 };
            return (
              <div key={item.key} {...place} data-index={item.index} className="absolute inset-x-0 top-0" style={{ height: item.size, transform: `translateY(${item.start - top}px)` }}>
                {device ? cards ? <DeviceCard device={device} /> : <DeviceRow device={device} /> : <Blank />}
              </div>
            );
          })}
        </div>
      </div>
      {changed > 0 && pages.total > 0 && <ChangedPill changed={changed} again={pages.again} />}
    </div>
  );
}

/* Floats over the end of what is visible; takes no room of its own. */
function ChangedPill({ changed, again }: { changed: number; again: () => void }) {
  return (
    <div className="pointer-events-none sticky bottom-4 z-20 -mt-12 flex h-12 items-center justify-center max-md:bottom-16">
      <button type="button" className="btn btn-primary pointer-events-auto rounded-full shadow-lg" onClick={again}>
        <RefreshCw size={14} aria-hidden="true" />
        {text.live.refresh(changed)}
      </button>
    </div>
  );
}

function HeadRow() {
  return (
    <div role="rowgroup" className="sticky top-0 z-10">
      <div role="row" aria-rowindex={1} className={`${COLUMNS} h-9 border-y border-line bg-bg text-[12.5px] font-[550] text-muted`}>
        {Object.values(text.devices.columns).map((column) => (
          <span key={column} role="columnheader">
            {column}
          </span>
        ))}
      </div>
    </div>
  );
}

function Blank() {
  return (
    <div className="flex h-full items-center border-b border-line px-3.5" role="cell">
      <span className="sr-only">{text.loading}</span>
      <span className="skeleton h-3.5 w-2/5" aria-hidden="true" />
    </div>
  );
}

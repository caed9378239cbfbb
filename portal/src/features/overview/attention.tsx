import { useQueries } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import type { Device, FleetSummary } from "../../shared/api/client";
import { devicesQuery } from "../../shared/api/queries";
import { reasonOf } from "../../shared/device/row";
import { number } from "../../shared/format";
import { text } from "../../shared/text";
import { Answer, Panel } from "../../shared/ui/panel";
import { Ago } from "../../shared/ui/now";
import { StateBadge } from "../../shared/ui/state";

const SHOWN_MAX = 6;
const HEIGHT_PX = 180;

function Line({ device }: { device: Device }) {
  return (
    <li className="relative grid grid-cols-[minmax(110px,1fr)_116px_auto] items-center gap-x-3 px-3.5 py-[7px] hover:bg-raise md:grid-cols-[minmax(130px,1fr)_124px_minmax(0,2.6fr)_84px]">
      <Link href={`/devices/${encodeURIComponent(device.id)}`} className="link truncate font-[550] after:absolute after:inset-0">{device.id}</Link>
      <StateBadge state={device.state} />
      <span className="truncate text-muted max-md:order-last max-md:col-span-3 max-md:text-[12.5px]">{reasonOf(device)}</span>
      <span className="text-right text-muted"><Ago ms={device.last_seen_ms} /></span>
    </li>
  );
}

/* Failed and rolled back devices, the last seen first; read again when their number changes. */
export function Attention({ summary }: { summary: FleetSummary | undefined }) {
  const list = useQueries({
    queries: [devicesQuery({ state: "failed" }, 0, SHOWN_MAX), devicesQuery({ state: "rolled_back" }, 0, SHOWN_MAX)],
    combine: (results) => {
      const error = results.find((result) => result.error)?.error ?? null;
      const pages = results.map((result) => result.data);
      const data = pages.includes(undefined) ? undefined : pages.flatMap((page) => page?.items ?? []).sort((a, b) => b.last_seen_ms - a.last_seen_ms);
      return { data, error, refetch: () => Promise.all(results.map((result) => result.refetch())) };
    },
  });
  const count = summary ? summary.states.failed + summary.states.rolled_back : undefined;
  const refetch = useRef(list.refetch);
  const seen = useRef(count);
  useEffect(() => {
    refetch.current = list.refetch;
    if (seen.current !== undefined && seen.current !== count) void refetch.current();
    seen.current = count;
  }, [count, list.refetch]);
  const query = { data: list.data, error: list.error, refetch: list.refetch as never };
  return (
    <Panel title={text.overview.list} aside={count ? number(count) : undefined}>
      <Answer query={query} what={text.overview.list} height={HEIGHT_PX} isEmpty={(devices: Device[]) => !devices.length} empty={<p className="px-3.5 pt-1 pb-4 text-muted">{text.overview.listNone}</p>}>
        {(devices) => <ul className="pb-2">{devices.slice(0, SHOWN_MAX).map((device) => <Line key={device.id} device={device} />)}</ul>}
      </Answer>
    </Panel>
  );
}

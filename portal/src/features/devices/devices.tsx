import { useQuery } from "@tanstack/react-query";
import { Search, X } from "lucide-react";
import { useEffect, useState } from "react";
import type { DevicePage } from "../../shared/api/client";
import { type DeviceFilter, summaryQuery } from "../../shared/api/queries";
import { DeviceTable } from "../../shared/device/table";
import { number, percent } from "../../shared/format";
import { text } from "../../shared/text";
import { Command, Note, Panel } from "../../shared/ui/panel";
import { PageHead } from "../../shared/ui/page";
import { LOOKS, STATES } from "../../shared/ui/state";
import { NARROWING, useDeviceFilter } from "./filter";

const SEARCH_DELAY_MS = 200;

type Change = (values: Record<string, string | undefined>) => void;

function SearchField({ value, change }: { value: string; change: Change }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => change({ q: typed.trim() || undefined }), SEARCH_DELAY_MS);
    return () => clearTimeout(timer);
  });
  return (
    <label className="relative block w-full lg:w-[172px]">
      <span className="sr-only">{text.devices.search}</span>
      <Search size={15} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" aria-hidden="true" />
      <input type="search" className="field pl-8" placeholder={text.devices.search} maxLength={64} value={typed} onChange={(event) => setTyped(event.target.value)} />
    </label>
  );
}

function StateChips({ filter, page, change }: { filter: DeviceFilter; page: DevicePage | undefined; change: Change }) {
  const counts = page?.states;
  const all = counts && Object.values(counts).reduce((sum, count) => sum + count, 0);
  return (
    <div role="group" aria-label={text.devices.filters} className="flex gap-1.5 max-lg:-mx-3.5 max-lg:overflow-x-auto max-lg:px-3.5 max-lg:py-1 lg:min-w-0 lg:flex-1 lg:flex-wrap">
      <button type="button" className="chip" aria-pressed={!filter.state} onClick={() => change({ state: undefined })}>
        {text.all} <span className="num text-muted">{all !== undefined && number(all)}</span>
      </button>
      {STATES.map((state) => (
        <button key={state} type="button" className="chip" aria-pressed={filter.state === state} onClick={() => change({ state: filter.state === state ? undefined : state })}>
          <span className={`size-[7px] rounded-full ${LOOKS[state].fill}`} aria-hidden="true" />
          {text.states[state]} <span className="num text-muted">{counts && number(counts[state])}</span>
        </button>
      ))}
      <button type="button" className="chip" aria-pressed={filter.online === false} onClick={() => change({ online: filter.online === false ? undefined : "false" })}>
        <span className="size-[7px] rounded-full border-[1.5px] border-idle" aria-hidden="true" />
        {text.offline}
      </button>
    </div>
  );
}

function Narrowed({ filter, change }: { filter: DeviceFilter; change: Change }) {
  const set = NARROWING.filter((name) => filter[name]);
  if (!set.length) return null;
  return (
    <div className="flex w-full flex-wrap gap-1.5">
      {set.map((name) => {
        const label = text.devices.narrowed(text.devices.filterNames[name], filter[name] ?? "");
        return (
          <button key={name} type="button" className="chip" aria-label={text.devices.remove(label)} onClick={() => change({ [name]: undefined })}>
            {label}
            <X size={13} aria-hidden="true" />
          </button>
        );
      })}
    </div>
  );
}

export default function Devices() {
  const [filter, change] = useDeviceFilter();
  const { data: summary } = useQuery(summaryQuery());
  const isFiltered = Object.keys(filter).length > 0;
  const clear = { state: undefined, q: undefined, online: undefined, version: undefined, group: undefined, hardware: undefined, rollout: undefined };
  const empty = isFiltered ? (
    <Note lead={text.devices.noneMatch} action={{ label: text.devices.clear, run: () => change(clear) }} />
  ) : (
    <Note lead={text.devices.noneYet}>
      {text.devices.noneYetHow}
      <Command>{text.devices.noneYetCommand}</Command>
    </Note>
  );
  return (
    <>
      <PageHead title={text.devices.title} lead={summary && text.devices.lead(summary.devices, percent(summary.online, summary.devices))} />
      <Panel title={text.devices.table} hideTitle>
        <DeviceTable
          filter={filter}
          label={text.devices.table}
          empty={empty}
          bar={({ first }) => (
            <div className="flex flex-wrap items-center gap-2.5 p-2.5 max-lg:px-3.5 max-lg:pt-3">
              <SearchField key={filter.q ? "set" : "unset"} value={filter.q ?? ""} change={change} />
              <StateChips filter={filter} page={first} change={change} />
              <Narrowed filter={filter} change={change} />
            </div>
          )}
        />
      </Panel>
    </>
  );
}

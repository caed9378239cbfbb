import type { UseQueryResult } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Count, FleetSummary } from "../../shared/api/client";
import { number, percent } from "../../shared/format";
import { text } from "../../shared/text";
import { Answer, Panel } from "../../shared/ui/panel";
import { sumOf } from "../../shared/ui/reasons";

const HEIGHT_PX = 120;
const SHOWN_MAX = 5;
const FILLS = ["bg-accent", "bg-ok", "bg-up", "bg-back", "bg-live", "bg-idle"] as const;

function grouped(counts: readonly Count[]): Count[] {
  if (counts.length <= SHOWN_MAX + 1) return [...counts];
  return [...counts.slice(0, SHOWN_MAX), { label: text.overview.versionsRest, count: sumOf(counts.slice(SHOWN_MAX)) }];
}

function Mix({ counts }: { counts: readonly Count[] }) {
  const rows = grouped(counts);
  const sum = sumOf(rows);
  return (
    <div className="px-3.5 pt-1 pb-3.5">
      <div className="mb-3 flex h-2 gap-[2px] overflow-hidden rounded-[3px]" aria-hidden="true">
        {rows.map(({ label, count }, i) => <div key={label} className={`min-w-[3px] ${FILLS[i]}`} style={{ width: `${(100 * count) / sum}%` }} />)}
      </div>
      <ul className="flex flex-col gap-1.5">
        {rows.map(({ label, count }, i) => (
          <li key={label} className="flex items-center gap-2">
            <span className={`size-[7px] rounded-full ${FILLS[i]}`} aria-hidden="true" />
            {label === text.overview.versionsRest ? label : <Link href={`/devices?version=${encodeURIComponent(label)}`} className="link">{label}</Link>}
            <span className="num ml-auto"><b className="font-[600]">{number(count)}</b> <span className="inline-block w-[52px] text-right text-muted">{percent(count, sum)}</span></span>
          </li>
        ))}
      </ul>
    </div>
  );
}

export function VersionMix({ query }: { query: UseQueryResult<FleetSummary> }) {
  return (
    <Panel title={text.overview.versions}>
      <Answer query={query} what={text.overview.versions} height={HEIGHT_PX} isEmpty={({ versions }) => !versions.length} empty={<p className="px-3.5 pt-1 pb-4 text-muted">{text.overview.versionsNone}</p>}>
        {({ versions }) => <Mix counts={versions} />}
      </Answer>
    </Panel>
  );
}

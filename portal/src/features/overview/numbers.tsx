import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import type { FleetSummary } from "../../shared/api/client";
import { number, percent } from "../../shared/format";
import { text } from "../../shared/text";
import { Answer, Panel } from "../../shared/ui/panel";

const HEIGHT_PX = 70;

interface FigureProps {
  name: string;
  value: string;
  note: ReactNode;
  tone?: string;
  to?: string;
}

function Figure({ name, value, note, tone = "", to }: FigureProps) {
  return (
    <div className="relative border-line px-3.5 py-3 not-last:border-b md:not-last:border-r md:not-last:border-b-0 max-md:odd:not-last:border-r">
      <dt className="text-muted">{to ? <Link href={to} className="link after:absolute after:inset-0">{name}</Link> : name}</dt>
      <dd>
        <p className={`num text-[1.55rem] leading-[1.3] font-[620] tracking-tight ${tone}`}>{value}</p>
        <p className="num text-[12.5px] text-muted">{note}</p>
      </dd>
    </div>
  );
}

function Figures({ summary }: { summary: FleetSummary }) {
  const { states } = summary;
  const attention = states.failed + states.rolled_back;
  const words = text.overview;
  const waiting = summary.pending > 0 ? `, ${words.waiting(summary.pending)}` : "";
  return (
    <dl className="grid grid-cols-2 max-md:last:*:last:col-span-2 md:grid-cols-5">
      <Figure name={words.devices} value={number(summary.devices)} note={`${words.groups(summary.groups)}${waiting}`} to="/devices" />
      <Figure name={words.online} value={percent(summary.online, summary.devices)} note={words.offline(summary.devices - summary.online)} />
      <Figure name={words.updating} value={number(states.downloading + states.updating)} note={words.downloading(states.downloading)} to="/devices?state=updating" />
      <Figure name={words.success} value={summary.outcomes ? percent(summary.successes, summary.outcomes, 2) : "–"} note={summary.outcomes ? words.successOf(summary.successes, summary.outcomes) : words.successNone} />
      <Figure name={words.attention} value={number(attention)} note={words.attentionOf(states.failed, states.rolled_back)} tone={attention ? "text-bad" : ""} to="/devices?state=failed" />
    </dl>
  );
}

export function Numbers({ query }: { query: UseQueryResult<FleetSummary> }) {
  return (
    <Panel title={text.overview.numbers} hideTitle>
      <Answer query={query} what={text.overview.numbers} height={HEIGHT_PX}>
        {(summary) => <Figures summary={summary} />}
      </Answer>
    </Panel>
  );
}

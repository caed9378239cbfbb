import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Rollout } from "../../shared/api/client";
import { rolloutsQuery } from "../../shared/api/queries";
import { number, percent } from "../../shared/format";
import { badIn, endedIn, plannedIn } from "../../shared/rollout/measure";
import { StatusBadge } from "../../shared/rollout/status";
import { Versions } from "../../shared/rollout/track";
import { text } from "../../shared/text";
import { Bar } from "../../shared/ui/bar";
import { Answer, Command, Note, Panel } from "../../shared/ui/panel";
import { Older } from "../../shared/ui/older";
import { PageHead } from "../../shared/ui/page";
import { Moment } from "../../shared/ui/now";

const HEIGHT_PX = 240;
const FILLS = { running: "bg-accent", paused: "bg-back", halted: "bg-bad", completed: "bg-ok" };

function Item({ rollout }: { rollout: Rollout }) {
  const planned = plannedIn(rollout);
  const ended = endedIn(rollout);
  const bad = badIn(rollout);
  return (
    <li className="relative grid items-center gap-x-5 gap-y-1.5 border-line px-3.5 py-3 not-last:border-b hover:bg-raise lg:grid-cols-[minmax(150px,1.3fr)_minmax(110px,1fr)_120px_minmax(150px,1.5fr)_minmax(120px,1fr)]" data-rollout={rollout.id}>
      <span className="flex flex-wrap items-baseline gap-x-2.5">
        <Link href={`/rollouts/${rollout.id}`} className="link font-[600] after:absolute after:inset-0">{rollout.id}</Link>
        <Versions rollout={rollout} />
      </span>
      <span className="truncate text-muted">{rollout.group ?? text.rollouts.everyone}, {rollout.hardware}</span>
      <StatusBadge status={rollout.status} />
      <span className="num">
        <span className="mb-1 flex justify-between gap-3">
          <span>{text.rollout.of(ended, planned)}</span>
          <span className={bad ? "text-bad" : "text-muted"}>{text.rollout.badRate(number(bad))}</span>
        </span>
        <Bar percent={planned ? (100 * ended) / planned : 0} label={`${rollout.id}, ${percent(ended, planned)} ${text.rollouts.done}`} fill={FILLS[rollout.status]} />
      </span>
      <span className="text-muted lg:text-right">
        <Moment ms={rollout.created_ms} /> {text.activity.by(rollout.created_by)}
      </span>
    </li>
  );
}

export default function Rollouts() {
  const query = useInfiniteQuery(rolloutsQuery());
  const none = (
    <Note lead={text.rollouts.none}>
      {text.rollouts.noneHow}
      <Command>{text.rollouts.noneCommand}</Command>
    </Note>
  );
  return (
    <>
      <PageHead title={text.rollouts.title} lead={text.rollouts.lead} />
      <Panel title={text.rollouts.title} hideTitle={!!query.data?.pages[0]?.items.length}>
        <Answer query={query} what={text.rollouts.title} height={HEIGHT_PX} isEmpty={({ pages }) => !pages[0]?.items.length} empty={none}>
          {({ pages }) => <ul>{pages.flatMap(({ items }) => items).map((rollout) => <Item key={rollout.id} rollout={rollout} />)}</ul>}
        </Answer>
        <Older query={query} />
      </Panel>
    </>
  );
}

import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Count, Rollout } from "../../shared/api/client";
import { activeRolloutsQuery } from "../../shared/api/queries";
import { errorSentence, number } from "../../shared/format";
import { Gates } from "../../shared/rollout/gates";
import { RolloutActions } from "../../shared/rollout/actions";
import { endedIn, isActive, plannedIn } from "../../shared/rollout/measure";
import { StatusBadge, StopNote } from "../../shared/rollout/status";
import { BatchTrack, DoneShare, Versions } from "../../shared/rollout/track";
import { faultName, waitsOf } from "../../shared/rollout/why";
import { text } from "../../shared/text";
import { Answer, Command, Note, Panel } from "../../shared/ui/panel";
import { Reasons, sumOf } from "../../shared/ui/reasons";

const TRACK_PX = 160;
const REASONS_PX = 120;

function useActive() {
  return useQuery({ ...activeRolloutsQuery(), select: ({ items }) => items.filter(isActive) });
}

function ActiveRollout({ rollout }: { rollout: Rollout }) {
  return (
    <Panel title={rollout.id} hideTitle>
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2 px-3.5 pt-3 pb-1.5">
        <h3 className="flex flex-wrap items-center gap-x-2.5">
          <Link href={`/rollouts/${rollout.id}`} className="link font-[600]">{rollout.id}</Link>
          <Versions rollout={rollout} />
          <span className="text-muted">{rollout.group ?? text.rollouts.everyone}, {rollout.hardware}</span>
        </h3>
        {rollout.status !== "running" && <StatusBadge status={rollout.status} />}
        <span className="ml-auto max-md:ml-0"><DoneShare ended={endedIn(rollout)} planned={plannedIn(rollout)} current={rollout.current} batches={rollout.batches.length} /></span>
        <span className="flex gap-2 max-md:w-full"><RolloutActions rollout={rollout} only={rollout.status === "running" ? "halt" : "resume"} /></span>
      </div>
      <StopNote rollout={rollout} />
      <BatchTrack rollout={rollout} />
      {rollout.status === "running" && <Gates rollout={rollout} />}
    </Panel>
  );
}

export function ActiveRollouts() {
  const active = useActive();
  const none = (
    <Note lead={text.overview.noRollout}>
      {text.overview.noRolloutHow}
      <Command>{text.overview.noRolloutCommand}</Command>
    </Note>
  );
  if (active.data?.length) return active.data.map((rollout) => <ActiveRollout key={rollout.id} rollout={rollout} />);
  return (
    <Panel title={text.rollouts.title}>
      <Answer query={active} what={text.rollouts.title} height={TRACK_PX}>
        {() => none}
      </Answer>
    </Panel>
  );
}

/* The same reason of several rollouts counts together. */
function gather(rollouts: readonly Rollout[], of: (rollout: Rollout) => readonly Count[]): Count[] {
  const sums = new Map<string, number>();
  for (const { label, count } of rollouts.flatMap(of)) sums.set(label, (sums.get(label) ?? 0) + count);
  return [...sums].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count);
}

export function FailureReasons() {
  const active = useActive();
  const counts = gather(active.data ?? [], (rollout) => rollout.failures);
  return (
    <Panel title={text.overview.failed} aside={counts.length ? number(sumOf(counts)) : undefined}>
      <Answer query={active} what={text.overview.failed} height={REASONS_PX}>
        {() => <Reasons counts={counts} none={text.overview.failedNone} name={faultName} hint={errorSentence} tone="bad" />}
      </Answer>
    </Panel>
  );
}

export function WaitReasons() {
  const active = useActive();
  const counts = gather(active.data ?? [], waitsOf);
  return (
    <Panel title={text.overview.wait} aside={counts.length ? number(sumOf(counts)) : undefined}>
      <Answer query={active} what={text.overview.wait} height={REASONS_PX}>
        {() => <Reasons counts={counts} none={text.overview.waitNone} tone="accent" />}
      </Answer>
    </Panel>
  );
}

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Problem, type Rollout } from "../../shared/api/client";
import { rolloutQuery } from "../../shared/api/queries";
import { DeviceTable } from "../../shared/device/table";
import { errorSentence, explain, number } from "../../shared/format";
import { RolloutActions } from "../../shared/rollout/actions";
import { Gates } from "../../shared/rollout/gates";
import { endedIn, plannedIn } from "../../shared/rollout/measure";
import { StatusBadge, StopNote } from "../../shared/rollout/status";
import { BatchTrack, DoneShare, Versions } from "../../shared/rollout/track";
import { faultName, waitsOf } from "../../shared/rollout/why";
import { text } from "../../shared/text";
import { announce } from "../../shared/ui/announce";
import { Failure, Note, Panel, Skeleton } from "../../shared/ui/panel";
import { PageHead } from "../../shared/ui/page";
import { Moment } from "../../shared/ui/now";
import { Reasons, sumOf } from "../../shared/ui/reasons";

const HEIGHT_PX = 420;
const BACK = { to: "/rollouts", label: text.rollout.back };

/* Speaks a change of status or batch, which a person who does not see the page must hear. */
function useSpoken(rollout: Rollout | undefined): void {
  const now = rollout && `${text.rollouts.status[rollout.status]}, ${text.rollouts.batchOf(rollout.current + 1, rollout.batches.length)}`;
  const said = useRef(now);
  useEffect(() => {
    if (rollout && now && said.current && said.current !== now) announce(text.rollout.announce(rollout.id, now));
    said.current = now;
  }, [rollout, now]);
}

function Lead({ rollout }: { rollout: Rollout }) {
  return (
    <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <StatusBadge status={rollout.status} />
      <span>{rollout.group ?? text.rollouts.everyone}, {rollout.hardware}</span>
      <span><Moment ms={rollout.created_ms} />, {text.rollouts.startedBy(rollout.created_by)}</span>
      {rollout.ended_ms !== null && <span>{text.rollouts.ended} <Moment ms={rollout.ended_ms} /></span>}
    </span>
  );
}

function Why({ rollout }: { rollout: Rollout }) {
  const { failures } = rollout;
  const waits = waitsOf(rollout);
  return (
    <div className="grid gap-3.5 md:grid-cols-2">
      <Panel title={text.rollout.failures} aside={failures.length ? number(sumOf(failures)) : undefined}>
        <Reasons counts={failures} none={text.rollout.failuresNone} name={faultName} hint={errorSentence} tone="bad" />
      </Panel>
      <Panel title={text.rollout.waits} aside={waits.length ? number(sumOf(waits)) : undefined}>
        <Reasons counts={waits} none={text.rollout.waitsNone} tone="accent" />
      </Panel>
    </div>
  );
}

export default function RolloutPage({ id }: { id: string }) {
  const query = useQuery(rolloutQuery(id));
  const { data: rollout, error } = query;
  useSpoken(rollout);
  if (!rollout) {
    const unknown = error instanceof Problem && error.status === 404;
    return (
      <>
        <PageHead title={id} back={BACK} />
        <Panel title={id} hideTitle>
          {unknown ? <Note lead={text.rollouts.unknown}>{explain(error)}</Note> : error ? <Failure error={error} what={id} again={() => void query.refetch()} /> : <Skeleton height={HEIGHT_PX} />}
        </Panel>
      </>
    );
  }
  return (
    <>
      <PageHead title={id} heading={<span className="flex flex-wrap items-baseline gap-x-2.5">{id} <span className="font-[450]"><Versions rollout={rollout} /></span></span>} back={BACK} lead={<Lead rollout={rollout} />}>
        <RolloutActions rollout={rollout} />
      </PageHead>
      <div className="grid gap-3.5">
        <Panel title={text.rollout.batches} aside={<DoneShare ended={endedIn(rollout)} planned={plannedIn(rollout)} current={rollout.current} batches={rollout.batches.length} />}>
          <StopNote rollout={rollout} />
          <BatchTrack rollout={rollout} />
          {rollout.status !== "completed" && <Gates rollout={rollout} />}
        </Panel>
        <Why rollout={rollout} />
        <Panel title={text.rollout.devices}>
          <DeviceTable filter={{ rollout: id }} label={text.rollout.devices} empty={<Note lead={text.devices.noneMatch} />} />
        </Panel>
      </div>
    </>
  );
}

/* A rollout's batches side by side, wide ones wider; under each other on a phone. */
import { Check, CircleDot, Hourglass, Lock, type LucideIcon, X } from "lucide-react";
import type { Batch, Rollout } from "../api/client";
import { number, percent } from "../format";
import { text } from "../text";
import { badOf, endedOf } from "./measure";

const MARKS: Record<Batch["state"], [LucideIcon, string]> = {
  waiting: [Lock, "bg-raise text-muted"],
  running: [CircleDot, "bg-accent/15 text-accent"],
  soaking: [Hourglass, "bg-accent/15 text-accent"],
  passed: [Check, "bg-ok/15 text-ok"],
  halted: [X, "bg-bad/15 text-bad"],
};

function Segments({ batch }: { batch: Batch }) {
  const parts: [number, string][] = [[batch.succeeded, "bg-ok"], [batch.rolled_back, "bg-back"], [batch.failed, "bg-bad"], [batch.updating, "bg-accent/45"]];
  return (
    <div className="flex h-2 overflow-hidden rounded-[3px] bg-raise" aria-hidden="true">
      {parts.map(([count, fill]) => count > 0 && <div key={fill} className={`h-full min-w-[2px] ${fill}`} style={{ width: `${(100 * count) / Math.max(1, batch.planned)}%` }} />)}
    </div>
  );
}

function BatchItem({ batch, index }: { batch: Batch; index: number }) {
  const [Icon, look] = MARKS[batch.state];
  const ended = endedOf(batch);
  const name = text.rollout.batch(index + 1);
  return (
    <li className="min-w-[104px] basis-0 max-md:basis-full" style={{ flexGrow: Math.sqrt(batch.planned + 1) }} aria-label={text.rollout.batchText(name, text.rollout.batchState[batch.state], ended, batch.planned)} data-batch={batch.state}>
      <div className="mb-2 flex items-center gap-2">
        <span className={`grid size-[18px] shrink-0 place-items-center rounded-full ${look}`}>
          <Icon size={11} strokeWidth={2.6} aria-hidden="true" />
        </span>
        <span className={`whitespace-nowrap ${batch.state === "waiting" ? "text-muted" : ""}`}>{name}</span>
        <span className="num ml-auto text-muted md:hidden">{text.rollout.of(ended, batch.planned)}</span>
      </div>
      <Segments batch={batch} />
      <div className="num mt-1.5 text-[12.5px] leading-[1.45] text-muted">
        <p className="max-md:hidden">{text.rollout.of(ended, batch.planned)}</p>
        {ended > 0 && <p>{text.rollout.badRate(percent(badOf(batch), ended, 2))}</p>}
        {batch.unreachable > 0 && <p>{text.rollout.unreachable(batch.unreachable)}</p>}
      </div>
    </li>
  );
}

export function BatchTrack({ rollout }: { rollout: Rollout }) {
  return (
    <ol className="flex flex-wrap gap-x-2.5 gap-y-4 px-3.5 pt-2 pb-4">
      {rollout.batches.map((batch, index) => (
        <BatchItem key={index} batch={batch} index={index} />
      ))}
    </ol>
  );
}

export function Versions({ rollout }: { rollout: Rollout }) {
  return (
    <span className="num whitespace-nowrap">
      {rollout.from && (
        <span className="text-muted">
          {rollout.from} <span aria-label={text.rollouts.to}>→</span>{" "}
        </span>
      )}
      <span className="font-[550]">{rollout.version}</span>
    </span>
  );
}

export function DoneShare({ ended, planned, current, batches }: { ended: number; planned: number; current: number; batches: number }) {
  return (
    <span className="num text-muted" title={`${number(ended)} / ${number(planned)}`}>
      <b className="font-[600] text-ink">{percent(ended, planned)}</b> {text.rollouts.done} {text.rollouts.batchOf(current + 1, batches)}
    </span>
  );
}

/* The two measures that decide how a rollout goes on: the failure limit that stops it, the gate that opens the next batch. */
import type { Rollout } from "../api/client";
import { percent } from "../format";
import { text } from "../text";
import { Meter } from "../ui/bar";
import { badIn, endedIn, reachableOf } from "./measure";

const SCALE = 1.65; /* the limit stands at 1/SCALE of the bar */

/* As the server counts it: over all batches, from a least number of results on. */
function FailureMeter({ rollout }: { rollout: Rollout }) {
  const ended = endedIn(rollout);
  const bad = badIn(rollout);
  const sample = Math.min(rollout.min_sample, rollout.batches[rollout.current]?.planned ?? 0);
  const limit = rollout.failure_limit_percent;
  const label = text.rollout.failureRate;
  const scale = Math.max(limit * SCALE, 1);
  const mark = (100 * limit) / scale;
  const note = text.rollout.haltsAbove(`${limit}%`);
  if (ended === 0 || ended < sample) {
    const value = ended === 0 ? text.rollout.noResults : text.rollout.sample(ended, sample);
    return <Meter label={label} value={value} note={note} percent={0} markPercent={mark} tone="idle" />;
  }
  const rate = (100 * bad) / ended;
  return <Meter label={label} value={percent(bad, ended, 2)} note={note} percent={(100 * rate) / scale} markPercent={mark} tone={rate > limit ? "bad" : "ok"} />;
}

function GateMeter({ rollout }: { rollout: Rollout }) {
  const batch = rollout.batches[rollout.current];
  if (!batch) return null;
  const isLast = rollout.current === rollout.batches.length - 1;
  const label = isLast ? text.rollout.lastGate : text.rollout.gate(rollout.current + 2);
  const note = isLast ? text.rollout.completesAt : text.rollout.opensAt(`${rollout.success_percent}%`);
  const share = reachableOf(batch) ? (100 * batch.succeeded) / reachableOf(batch) : 0;
  return <Meter label={label} value={percent(batch.succeeded, reachableOf(batch))} note={note} percent={share} markPercent={isLast ? null : rollout.success_percent} tone="accent" />;
}

export function Gates({ rollout }: { rollout: Rollout }) {
  return (
    <div className="grid gap-x-7 gap-y-4 border-t border-line px-3.5 py-3.5 md:grid-cols-2">
      <FailureMeter rollout={rollout} />
      <GateMeter rollout={rollout} />
    </div>
  );
}

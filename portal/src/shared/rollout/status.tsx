/* Icon and word for what a rollout is doing. */
import { CircleCheck, type LucideIcon, OctagonX, Pause, Play } from "lucide-react";
import type { Rollout } from "../api/client";
import { text } from "../text";

const LOOKS: Record<Rollout["status"], [LucideIcon, string]> = {
  running: [Play, "text-accent"],
  paused: [Pause, "text-back"],
  halted: [OctagonX, "text-bad"],
  completed: [CircleCheck, "text-ok"],
};

export function StatusBadge({ status }: { status: Rollout["status"] }) {
  const [Icon, ink] = LOOKS[status];
  return (
    <span className={`inline-flex items-center gap-1.5 font-[550] whitespace-nowrap ${ink}`} data-status={status}>
      <Icon size={15} aria-hidden="true" />
      {text.rollouts.status[status]}
    </span>
  );
}

/* Why a rollout stands, in the server's words. */
export function StopNote({ rollout }: { rollout: Rollout }) {
  if (!rollout.stop || (rollout.status !== "halted" && rollout.status !== "paused")) return null;
  const failed = rollout.stop === "failure_limit";
  return (
    <p className={`mx-3.5 mt-1 mb-2 rounded-lg px-3 py-2 ${failed ? "bg-bad/10" : "bg-back/10"}`}>
      <b className={`font-[600] ${failed ? "text-bad" : "text-back"}`}>{text.rollout.stopped[rollout.stop]}.</b> {rollout.stop_reason}
    </p>
  );
}

/* Why devices failed or wait, in words: counts whose labels are for people. */
import type { Count, Rollout } from "../api/client";
import { words } from "../format";
import { text } from "../text";

export const faultName = (code: string): string => text.faults[code] ?? words(code);

/* A device that would begin at its next check-in waits for the rollout itself when that stands. */
function waitName(rollout: Rollout, label: string): string {
  if (label === "checkin" && rollout.status !== "running") return text.rollout.waitStopped;
  return text.rollout.wait[label] ?? words(label);
}

export const waitsOf = (rollout: Rollout): Count[] => rollout.waits.map(({ label, count }) => ({ label: waitName(rollout, label), count }));

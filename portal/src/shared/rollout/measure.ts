/* Sums over a rollout's batches. */
import type { Batch, Rollout } from "../api/client";

export const badOf = (batch: Batch): number => batch.failed + batch.rolled_back;
export const endedOf = (batch: Batch): number => batch.succeeded + badOf(batch);
export const reachableOf = (batch: Batch): number => Math.max(0, batch.planned - batch.unreachable);

const sum = (rollout: Rollout, of: (batch: Batch) => number): number => rollout.batches.reduce((total, batch) => total + of(batch), 0);

export const plannedIn = (rollout: Rollout): number => sum(rollout, (batch) => batch.planned);
export const endedIn = (rollout: Rollout): number => sum(rollout, endedOf);
export const badIn = (rollout: Rollout): number => sum(rollout, badOf);
export const updatingIn = (rollout: Rollout): number => sum(rollout, (batch) => batch.updating);

/* Devices that have begun nothing yet: what a halt keeps on the old version. */
export const untouchedIn = (rollout: Rollout): number => Math.max(0, plannedIn(rollout) - endedIn(rollout) - updatingIn(rollout));

export const isActive = (rollout: Rollout): boolean => rollout.status !== "completed";

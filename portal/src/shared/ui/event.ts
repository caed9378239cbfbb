/* The colour of an event's dot: that of the state it tells of. */
import type { Event } from "../api/client";

const FILLS: Record<string, string> = {
  succeeded: "bg-ok", rollout_completed: "bg-ok", batch_passed: "bg-ok", approved: "bg-ok",
  offered: "bg-dl", state: "bg-dl", batch_opened: "bg-accent", rollout_created: "bg-accent", rollout_resumed: "bg-accent", release_created: "bg-accent",
  failed: "bg-bad", rollout_halted: "bg-bad", clone_suspected: "bg-bad", identity_lost: "bg-bad",
  rolled_back: "bg-back", retry: "bg-back", rollout_paused: "bg-back", held: "bg-back", cancelled: "bg-idle", clock_behind: "bg-back",
};

export const eventFill = (event: Event): string => FILLS[event.kind] ?? (event.error ? "bg-bad" : "bg-idle");

/* Pause, resume and halt. Halting is always quick; resuming many devices asks for their number. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { OctagonX, Pause, Play } from "lucide-react";
import { useState } from "react";
import { api, type Rollout, unwrap } from "../api/client";
import { keys } from "../api/queries";
import { explain } from "../format";
import { text } from "../text";
import { Action, useObstacle } from "../ui/action";
import { announce } from "../ui/announce";
import { Modal } from "../ui/modal";
import { untouchedIn, updatingIn } from "./measure";

export type Act = "pause" | "resume" | "halt";

/* From this many devices on, resuming wants the number typed. */
export const TYPED_COUNT_MIN = 100;

function callOf(act: Act, id: string, reason: string) {
  const more = { params: { path: { id } }, body: reason ? { reason } : {} };
  if (act === "pause") return api.POST("/rollouts/{id}/pause", more);
  return act === "resume" ? api.POST("/rollouts/{id}/resume", more) : api.POST("/rollouts/{id}/halt", more);
}

function consequences(act: Act, rollout: Rollout): string[] {
  const left = untouchedIn(rollout);
  if (act === "resume") {
    const lines = [text.rollout.goesOn(left, rollout.version)];
    return rollout.stop === "failure_limit" ? [...lines, text.rollout.breached] : lines;
  }
  const { noFurther, stays, under, resumable } = text.rollout;
  return [`${noFurther(rollout.version)} ${stays(left, rollout.from)}`, under(updatingIn(rollout)), resumable];
}

const TITLES = { pause: text.rollout.pauseTitle, resume: text.rollout.resumeTitle, halt: text.rollout.haltTitle };
const LOOKS = { pause: "btn-primary", resume: "btn-primary", halt: "btn-danger" };

interface DialogProps {
  act: Act;
  rollout: Rollout;
  onClose: () => void;
}

function ActDialog({ act, rollout, onClose }: DialogProps) {
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const obstacle = useObstacle("operator", act === "halt");
  const left = untouchedIn(rollout);
  const mustType = act === "resume" && left >= TYPED_COUNT_MIN;
  const confirmed = !mustType || typed.replace(/[^0-9]/g, "") === String(left);
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => unwrap(callOf(act, rollout.id, reason.trim())),
    onSuccess: (fresh) => {
      client.setQueryData(keys.rollout(rollout.id), fresh);
      void client.invalidateQueries({ queryKey: keys.rollouts });
      announce(text.rollout.said[act](rollout.id));
      onClose();
    },
  });
  const ready = confirmed && !isPending && obstacle === null;
  return (
    <Modal
      title={TITLES[act](rollout.id)}
      onClose={onClose}
      onSubmit={() => ready && mutate()}
      buttons={
        <>
          <button type="button" className="btn max-md:flex-1" onClick={onClose}>{act === "halt" ? text.rollout.keep : text.rollout.stay}</button>
          <button type="submit" className={`btn max-md:flex-1 ${LOOKS[act]}`} disabled={!ready} data-focus={mustType ? undefined : ""}>{text.rollout[act]}</button>
        </>
      }
    >
      <div className="flex flex-col gap-2 text-muted">
        {consequences(act, rollout).map((line) => <p key={line}>{line}</p>)}
      </div>
      <label className="mt-4 block">
        <span className="mb-1 block">{text.rollout.reason}</span>
        <input className="field" value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />
      </label>
      {mustType && (
        <label className="mt-3 block">
          <span className="mb-1 block">{text.rollout.typeCount(left)}</span>
          <input className="field num" inputMode="numeric" data-focus="" value={typed} onChange={(event) => setTyped(event.target.value)} />
        </label>
      )}
      {error && <p role="alert" className="mt-3 text-bad">{`${text.action.failed} ${explain(error)}`}</p>}
    </Modal>
  );
}

/* Which buttons a rollout in this state has, in order. */
const OFFERED: Record<Rollout["status"], readonly Act[]> = { running: ["pause", "halt"], paused: ["resume", "halt"], halted: ["resume"], completed: [] };
const BUTTONS = {
  pause: { look: "", icon: <Pause size={15} aria-hidden="true" /> },
  resume: { look: "", icon: <Play size={15} aria-hidden="true" /> },
  halt: { look: "btn-halt", icon: <OctagonX size={15} aria-hidden="true" /> },
} as const;

export function RolloutActions({ rollout, only }: { rollout: Rollout; only?: Act }) {
  const [open, setOpen] = useState<Act | null>(null);
  return (
    <>
      {OFFERED[rollout.status].map((act) =>
        only && act !== only ? null : (
          <Action key={act} look={BUTTONS[act].look} icon={BUTTONS[act].icon} urgent={act === "halt"} className="max-md:flex-1" onClick={() => setOpen(act)}>
            {text.rollout[act]}
          </Action>
        ),
      )}
      {open && <ActDialog act={open} rollout={rollout} onClose={() => setOpen(null)} />}
    </>
  );
}

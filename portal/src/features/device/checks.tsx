/* "Why is it not updating?": the server's checks in evaluation order. The first that says no is the reason. */
import { Check, Minus, X } from "lucide-react";
import type { DeviceDetail } from "../../shared/api/client";
import { isMoving } from "../../shared/device/row";
import { words } from "../../shared/format";
import { text } from "../../shared/text";
import { Panel } from "../../shared/ui/panel";

/* A device that has nothing to get is in order, not in trouble. */
const CALM = new Set(["rollout", "no_outcome", "not_running"]);

const MARKS = {
  passed: { icon: Check, look: "bg-ok/15 text-ok", word: text.device.passed },
  stop: { icon: X, look: "bg-bad/15 text-bad", word: text.device.stopped },
  calm: { icon: Minus, look: "bg-raise text-muted", word: text.device.stopped },
  later: { icon: Minus, look: "bg-raise text-muted", word: text.device.later },
};

export function Checks({ detail }: { detail: DeviceDetail }) {
  const at = detail.checks.findIndex(({ passed }) => !passed);
  const stop = detail.checks[at];
  const inTrouble = stop !== undefined && !CALM.has(stop.check) && !isMoving(detail.device);
  const lead = isMoving(detail.device) ? text.device.current : stop ? `${stop.detail.replace(/\.$/, "")}.` : text.device.ready;
  const markOf = (passed: boolean, index: number) => MARKS[passed ? "passed" : index > at ? "later" : inTrouble ? "stop" : "calm"];
  return (
    <Panel title={inTrouble ? text.device.why : text.device.whyDone}>
      <p className="px-3.5 pb-1.5">
        <b className="font-[600]">{lead}</b> <span className="text-muted">{text.device.order}</span>
      </p>
      <ol className="px-3.5 pb-2">
        {detail.checks.map(({ check, passed, detail: why }, index) => {
          const { icon: Icon, look, word } = markOf(passed, index);
          return (
            <li key={check} className={`flex items-start gap-3 border-line py-2 not-last:border-b ${at >= 0 && index > at ? "text-muted" : ""}`}>
              <span className={`mt-px grid size-[18px] shrink-0 place-items-center rounded-full ${look}`}>
                <Icon size={11} strokeWidth={2.6} aria-hidden="true" />
                <span className="sr-only">{word}</span>
              </span>
              <span className={`min-w-[45%] ${index === at ? "font-[550]" : ""}`}>{text.device.checks[check] ?? words(check)}</span>
              <span className="ml-auto text-right text-muted">{why}</span>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

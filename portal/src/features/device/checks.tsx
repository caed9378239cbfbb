/* "Why is it not updating?": the server's checks in evaluation order. The first that says no is the reason; what would
 * come after it is there for those who ask.
 */
import { Check, ChevronRight, Minus, X } from "lucide-react";
import type { DeviceDetail } from "../../shared/api/client";
import { isMoving, reasonOf } from "../../shared/device/row";
import { words } from "../../shared/format";
import { text } from "../../shared/text";
import { Panel } from "../../shared/ui/panel";

type Line = DeviceDetail["checks"][number];

/* A device that has nothing to get is in order, not in trouble. */
const CALM = new Set(["rollout", "no_outcome", "not_running"]);

const MARKS = {
  passed: { icon: Check, look: "bg-ok/15 text-ok", word: text.device.passed },
  stop: { icon: X, look: "bg-bad/15 text-bad", word: text.device.stopped },
  calm: { icon: Minus, look: "bg-raise text-muted", word: text.device.stopped },
  later: { icon: Minus, look: "bg-raise text-muted", word: text.device.later },
};

function CheckLine({ line, mark }: { line: Line; mark: keyof typeof MARKS }) {
  const { icon: Icon, look, word } = MARKS[mark];
  const isReason = mark === "stop" || mark === "calm";
  return (
    <li className="flex items-start gap-3 border-line py-2 not-last:border-b">
      <span className={`mt-px grid size-[18px] shrink-0 place-items-center rounded-full ${look}`}>
        <Icon size={11} strokeWidth={2.6} aria-hidden="true" />
        <span className="sr-only">{word}</span>
      </span>
      <span className={`min-w-[45%] ${isReason ? "font-[550]" : ""}`}>{text.device.checks[line.check] ?? words(line.check)}</span>
      <span className="ml-auto text-right text-muted">{line.detail}</span>
    </li>
  );
}

function leadOf({ device }: DeviceDetail, stop: Line | undefined): string {
  if (isMoving(device)) return text.device.current;
  const ended = device.state === "failed" || device.state === "rolled_back" ? reasonOf(device) : null;
  const said = ended ?? stop?.detail;
  return said ? `${said.replace(/\.$/, "")}.` : text.device.ready;
}

export function Checks({ detail }: { detail: DeviceDetail }) {
  const { checks, device } = detail;
  const at = checks.findIndex(({ passed }) => !passed);
  const stop = checks[at];
  const endedBadly = device.state === "failed" || device.state === "rolled_back";
  const inTrouble = !isMoving(device) && (endedBadly || (stop !== undefined && !CALM.has(stop.check)));
  const asked = stop ? checks.slice(0, at + 1) : checks;
  const later = stop ? checks.slice(at + 1) : [];
  const markOf = ({ check, passed }: Line) => (passed ? "passed" : CALM.has(check) || isMoving(device) ? "calm" : "stop");
  return (
    <Panel title={inTrouble ? text.device.why : text.device.whyDone}>
      <p className="px-3.5 pb-1.5">
        <b className="font-[600]">{leadOf(detail, stop)}</b> <span className="text-muted">{text.device.order}</span>
      </p>
      <ol className="px-3.5 pb-2">{asked.map((line) => <CheckLine key={line.check} line={line} mark={markOf(line)} />)}</ol>
      {later.length > 0 && (
        <details className="group mx-3.5 border-t border-line">
          <summary className="flex min-h-9 cursor-pointer items-center gap-3 text-muted hover:text-ink max-md:min-h-11">
            <ChevronRight size={16} className="transition-transform group-open:rotate-90 motion-reduce:transition-none" aria-hidden="true" />
            {text.device.further(later.length)}
          </summary>
          <ol className="pb-2">{later.map((line) => <CheckLine key={line.check} line={line} mark={line.passed ? "passed" : "later"} />)}</ol>
        </details>
      )}
    </Panel>
  );
}

/* "Why is it not updating?": the server's checks in evaluation order, up to the one that says no. */
import { Check, X } from "lucide-react";
import type { DeviceDetail } from "../../shared/api/client";
import { isMoving } from "../../shared/device/row";
import { words } from "../../shared/format";
import { text } from "../../shared/text";
import { Panel } from "../../shared/ui/panel";

export function Checks({ detail }: { detail: DeviceDetail }) {
  const stop = detail.checks.find(({ passed }) => !passed);
  const lead = isMoving(detail.device) ? text.device.current : (stop?.detail ?? text.device.ready);
  return (
    <Panel title={isMoving(detail.device) || !stop ? text.device.whyDone : text.device.why}>
      <p className="px-3.5 pb-1.5">
        <b className="font-[600]">{lead}</b> <span className="text-muted">{text.device.order}</span>
      </p>
      <ol className="px-3.5 pb-2">
        {detail.checks.map(({ check, passed, detail: why }) => (
          <li key={check} className="flex items-start gap-3 border-line py-2.5 not-last:border-b">
            <span className={`mt-px grid size-[18px] shrink-0 place-items-center rounded-full ${passed ? "bg-ok/15 text-ok" : "bg-bad/15 text-bad"}`}>
              {passed ? <Check size={11} strokeWidth={2.6} aria-hidden="true" /> : <X size={11} strokeWidth={2.6} aria-hidden="true" />}
              <span className="sr-only">{passed ? text.device.passed : text.device.stopped}</span>
            </span>
            <span className={`shrink-0 ${passed ? "" : "font-[550]"}`}>{text.device.checks[check] ?? words(check)}</span>
            <span className="ml-auto text-right text-muted">{why}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

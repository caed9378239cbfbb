/* Icon, word and colour of a device's state; never the colour alone. */
import { ArrowDownToLine, Circle, CircleCheck, Cpu, type LucideIcon, OctagonX, Undo2 } from "lucide-react";
import type { DeviceState } from "../api/client";
import { text } from "../text";

interface Look {
  icon: LucideIcon;
  ink: string;
  fill: string;
}

export const LOOKS: Record<DeviceState, Look> = {
  idle: { icon: Circle, ink: "text-idle", fill: "bg-idle" },
  downloading: { icon: ArrowDownToLine, ink: "text-dl", fill: "bg-dl" },
  updating: { icon: Cpu, ink: "text-up", fill: "bg-up" },
  success: { icon: CircleCheck, ink: "text-ok", fill: "bg-ok" },
  failed: { icon: OctagonX, ink: "text-bad", fill: "bg-bad" },
  rolled_back: { icon: Undo2, ink: "text-back", fill: "bg-back" },
};

export const STATES = Object.keys(LOOKS) as DeviceState[];

export function StateBadge({ state }: { state: DeviceState }) {
  const { icon: Icon, ink } = LOOKS[state];
  return (
    <span className={`inline-flex items-center gap-1.5 font-[550] whitespace-nowrap ${ink}`} data-state={state}>
      <Icon size={15} aria-hidden="true" />
      {text.states[state]}
    </span>
  );
}

export function OnlineMark({ online }: { online: boolean }) {
  return (
    <span className="inline-flex items-center gap-2 whitespace-nowrap">
      <span className={`size-[7px] rounded-full ${online ? "bg-live" : "border-[1.5px] border-idle"}`} aria-hidden="true" />
      <span className={online ? "" : "text-muted"}>{online ? text.online : text.offline}</span>
    </span>
  );
}

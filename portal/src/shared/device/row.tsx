/* One device of a list: a table row on wide screens, a card on narrow ones. */
import { ArrowRight, Hand } from "lucide-react";
import { memo } from "react";
import { Link } from "wouter";
import type { Device } from "../api/client";
import { errorSentence } from "../format";
import { text } from "../text";
import { Bar } from "../ui/bar";
import { Ago } from "../ui/now";
import { LOOKS, OnlineMark, StateBadge } from "../ui/state";

export const COLUMNS = "grid grid-cols-[minmax(130px,1.2fr)_84px_minmax(72px,0.7fr)_minmax(80px,0.7fr)_minmax(110px,1fr)_122px_minmax(150px,2.6fr)_80px] items-center gap-x-3 px-3.5";

export const isMoving = (device: Device): boolean => device.state === "downloading" || device.state === "updating";

export const reasonOf = (device: Device): string | null => device.reason ?? (device.error ? errorSentence(device.error) : null);

function Version({ device }: { device: Device }) {
  return (
    <span className="num flex min-w-0 items-center gap-1.5 whitespace-nowrap">
      {device.version || <span className="text-muted">–</span>}
      {device.target && device.target !== device.version && (
        <span className="flex items-center gap-1.5 text-muted">
          <ArrowRight size={13} aria-label={text.devices.from} />
          {device.target}
        </span>
      )}
    </span>
  );
}

function Progress({ device }: { device: Device }) {
  return (
    <span className="flex w-full items-center gap-2.5">
      <Bar percent={device.progress} label={text.devices.progress(text.states[device.state])} fill={LOOKS[device.state].fill} moving={device.state === "updating"} />
      <span className="num w-10 shrink-0 text-right text-muted">{device.progress}%</span>
    </span>
  );
}

function Outcome({ device }: { device: Device }) {
  if (isMoving(device)) return <Progress device={device} />;
  const reason = reasonOf(device);
  return (
    <span className="flex min-w-0 items-center gap-1.5 text-muted" title={reason ?? undefined}>
      {device.hold && <Hand size={14} className="shrink-0 text-back" aria-hidden="true" />}
      <span className="truncate">{reason}</span>
    </span>
  );
}

function DeviceLink({ id }: { id: string }) {
  return (
    <Link href={`/devices/${encodeURIComponent(id)}`} className="link min-w-0 truncate font-[550] after:absolute after:inset-0">
      {id}
    </Link>
  );
}

export const DeviceRow = memo(function DeviceRow({ device }: { device: Device }) {
  return (
    <div className={`${COLUMNS} relative h-full border-b border-line hover:bg-raise`}>
      <span role="cell" className="flex min-w-0">
        <DeviceLink id={device.id} />
      </span>
      <span role="cell" className="flex"><OnlineMark online={device.online} /></span>
      <span role="cell" className="truncate">{device.group}</span>
      <span role="cell" className="truncate text-muted">{device.hardware}</span>
      <span role="cell" className="min-w-0"><Version device={device} /></span>
      <span role="cell" className="flex"><StateBadge state={device.state} /></span>
      <span role="cell" className="min-w-0"><Outcome device={device} /></span>
      <span role="cell" className="text-muted"><Ago ms={device.last_seen_ms} /></span>
    </div>
  );
});

export const DeviceCard = memo(function DeviceCard({ device }: { device: Device }) {
  const reason = reasonOf(device);
  return (
    <div className="relative flex h-full flex-col justify-center gap-1.5 border-b border-line px-3.5">
      <div className="flex items-center justify-between gap-3">
        <DeviceLink id={device.id} />
        <StateBadge state={device.state} />
      </div>
      <div className="flex min-w-0 items-center gap-3 text-[13px]">
        <OnlineMark online={device.online} />
        {isMoving(device) ? (
          <Progress device={device} />
        ) : (
          <>
            <span className="min-w-0 flex-1 truncate text-muted">{reason ?? device.group}</span>
            <Version device={device} />
          </>
        )}
      </div>
    </div>
  );
});

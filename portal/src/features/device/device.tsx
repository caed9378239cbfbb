import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Hand, ShieldCheck } from "lucide-react";
import { api, type Device, type DeviceDetail, Problem, unwrap } from "../../shared/api/client";
import { deviceQuery, keys } from "../../shared/api/queries";
import { isMoving } from "../../shared/device/row";
import { explain, percent } from "../../shared/format";
import { useWatch } from "../../shared/live/live";
import { text } from "../../shared/text";
import { Action } from "../../shared/ui/action";
import { Bar } from "../../shared/ui/bar";
import { Failure, Note, Panel, Skeleton } from "../../shared/ui/panel";
import { PageHead } from "../../shared/ui/page";
import { LOOKS, OnlineMark, StateBadge } from "../../shared/ui/state";
import { Checks } from "./checks";
import { Facts } from "./facts";
import { Timeline } from "./timeline";

const HEIGHT_PX = 420;
const BACK = { to: "/devices", label: text.device.back };

function Status({ device }: { device: Device }) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <OnlineMark online={device.online} />
      <StateBadge state={device.state} />
      <span className="num">
        {device.version || text.device.unknownVersion}
        {device.target && device.target !== device.version && <> <span aria-label={text.devices.from}>→</span> {device.target}</>}
        , {device.group}, {device.hardware}
      </span>
      {isMoving(device) && (
        <span className="flex w-[200px] items-center gap-2.5">
          <Bar percent={device.progress} label={text.devices.progress(text.states[device.state])} fill={LOOKS[device.state].fill} moving={device.state === "updating"} />
          <span className="num">{percent(device.progress, 100, 0)}</span>
        </span>
      )}
    </div>
  );
}

function Buttons({ device, change }: { device: Device; change: ReturnType<typeof useChange> }) {
  return (
    <>
      {device.pending && <Action look="btn-primary" busy={change.isPending} icon={<ShieldCheck size={15} aria-hidden="true" />} onClick={() => change.mutate({ approved: true })}>{text.device.approve}</Action>}
      <Action busy={change.isPending} icon={<Hand size={15} aria-hidden="true" />} onClick={() => change.mutate({ hold: !device.hold })}>
        {device.hold ? text.device.release : text.device.hold}
      </Action>
    </>
  );
}

function useChange(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: { hold?: boolean; approved?: true }) => unwrap(api.PATCH("/devices/{id}", { params: { path: { id } }, body: change })),
    onSuccess: (detail: DeviceDetail) => {
      client.setQueryData(keys.device(id), detail);
      void client.invalidateQueries({ queryKey: keys.deviceEvents(id) });
    },
  });
}

function Notice({ device }: { device: Device }) {
  const lines = [device.pending && text.device.pending, device.hold && text.device.held].filter((line) => line !== false);
  return lines.map((line) => <p key={line} className="panel mb-3.5 border-back/40 px-3.5 py-2.5 font-[550]">{line}</p>);
}

export default function DevicePage({ id }: { id: string }) {
  const query = useQuery(deviceQuery(id));
  const change = useChange(id);
  useWatch([id]);
  const { data, error } = query;
  if (!data) {
    const unknown = error instanceof Problem && error.status === 404;
    return (
      <>
        <PageHead title={id} back={BACK} />
        <Panel title={id} hideTitle>
          {unknown ? <Note lead={text.device.unknown}>{explain(error)}</Note> : error ? <Failure error={error} what={id} again={() => void query.refetch()} /> : <Skeleton height={HEIGHT_PX} />}
        </Panel>
      </>
    );
  }
  return (
    <>
      <PageHead title={id} back={BACK} lead={<Status device={data.device} />}>
        <Buttons device={data.device} change={change} />
      </PageHead>
      {change.error && <p role="alert" className="mb-3.5 text-bad">{`${text.action.failed} ${explain(change.error)}`}</p>}
      <Notice device={data.device} />
      <div className="grid items-start gap-3.5 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.15fr)]">
        <div className="grid gap-3.5">
          <Checks detail={data} />
          <Facts detail={data} />
        </div>
        <Timeline id={id} />
      </div>
    </>
  );
}

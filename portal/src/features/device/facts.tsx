import type { ReactNode } from "react";
import { Link } from "wouter";
import type { DeviceDetail } from "../../shared/api/client";
import { errorSentence, number } from "../../shared/format";
import { text } from "../../shared/text";
import { Ago, Moment } from "../../shared/ui/now";
import { Panel } from "../../shared/ui/panel";

const DIGEST_SHOWN = 16;

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex gap-3 border-line py-2 not-last:border-b">
      <dt className="w-[130px] shrink-0 text-muted">{name}</dt>
      <dd className="min-w-0 break-words">{children}</dd>
    </div>
  );
}

function linkText(detail: DeviceDetail): string | null {
  if (!detail.link) return null;
  const name = text.device.links[detail.link];
  return detail.signal ? text.device.signal(name, detail.signal) : name;
}

export function Facts({ detail }: { detail: DeviceDetail }) {
  const { device } = detail;
  const network = linkText(detail);
  const words = text.device;
  return (
    <Panel title={words.facts}>
      <dl className="px-3.5 pb-2">
        {device.rollout && <Fact name={words.rollout}><Link href={`/rollouts/${device.rollout}`} className="link font-[550]">{device.batch ? words.inBatch(device.rollout, device.batch) : device.rollout}</Link></Fact>}
        <Fact name={words.bootReason}>{detail.boot_reason === "safe_mode" ? <b className="text-back">{words.boots.safe_mode}</b> : words.boots[detail.boot_reason]}</Fact>
        {detail.revert_reason && <Fact name={words.revertReason}>{errorSentence(detail.revert_reason)}</Fact>}
        {detail.trial_attempts > 0 && <Fact name={words.trial}>{words.trialStarts(detail.trial_attempts)}</Fact>}
        {detail.abnormal_resets > 0 && <Fact name={words.crashes}><b className="font-[550] text-back">{words.crashCount(detail.abnormal_resets)}</b></Fact>}
        {detail.journal_worn && <Fact name={words.journal}><b className="font-[550] text-back">{words.journalWorn}</b></Fact>}
        {detail.image_digest && <Fact name={words.digest}><code className="font-mono text-[12.5px]" title={detail.image_digest}>{detail.image_digest.slice(0, DIGEST_SHOWN)}…</code></Fact>}
        <Fact name={words.counter}><span className="num">{number(detail.security_counter)}</span></Fact>
        {detail.battery !== null && <Fact name={words.battery}><span className="num">{detail.battery}%</span></Fact>}
        {network && <Fact name={words.link}>{network}</Fact>}
        <Fact name={words.seen}><Ago ms={device.last_seen_ms} /></Fact>
        <Fact name={words.registered}><Moment ms={device.registered_ms} /></Fact>
      </dl>
    </Panel>
  );
}

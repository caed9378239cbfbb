import { useInfiniteQuery } from "@tanstack/react-query";
import { LockKeyhole, ShieldCheck } from "lucide-react";
import { Link } from "wouter";
import type { Release } from "../../shared/api/client";
import { releasesQuery } from "../../shared/api/queries";
import { bytes, number } from "../../shared/format";
import { text } from "../../shared/text";
import { Moment } from "../../shared/ui/now";
import { Answer, Command, Note, Panel } from "../../shared/ui/panel";
import { Older } from "../../shared/ui/older";
import { PageHead } from "../../shared/ui/page";

const HEIGHT_PX = 240;
const HASH_SHOWN = 12;

function Cell({ name, className = "", children }: { name: string; className?: string; children: React.ReactNode }) {
  return (
    <td className={`px-3 py-2.5 first:pl-3.5 last:pr-3.5 max-lg:flex max-lg:justify-between max-lg:gap-4 max-lg:px-3.5 max-lg:py-0.5 ${className}`}>
      <span className="text-muted md:hidden" aria-hidden="true">{name}</span>
      <span className="min-w-0 max-lg:text-right">{children}</span>
    </td>
  );
}

function Row({ release }: { release: Release }) {
  const names = text.firmware.columns;
  const where = `/devices?version=${encodeURIComponent(release.version)}&hardware=${encodeURIComponent(release.hardware)}`;
  return (
    <tr className="border-line align-top not-last:border-b hover:bg-raise max-lg:block max-lg:py-2.5">
      <Cell name={names.version}>
        <span className="num font-[600]">{release.version}</span>
        {release.notes && <span className="mt-0.5 block max-w-[44ch] text-muted">{release.notes}</span>}
      </Cell>
      <Cell name={names.hardware}>{release.hardware}</Cell>
      <Cell name={names.size} className="num">
        {bytes(release.image_size)}
        {release.encrypted && <span className="mt-0.5 flex items-center gap-1 text-[12.5px] text-muted max-lg:justify-end" title={text.firmware.encryptedHow}><LockKeyhole size={13} aria-hidden="true" />{text.firmware.encrypted}</span>}
      </Cell>
      <Cell name={names.key}>
        <code className="font-mono text-[12.5px]" title={release.key_hash}>{release.key_hash.slice(0, HASH_SHOWN)}</code>
        {release.artifacts.some(({ descriptor }) => descriptor) && <span className="mt-0.5 flex items-center gap-1 text-[12.5px] text-ok max-lg:justify-end"><ShieldCheck size={13} aria-hidden="true" />{text.firmware.chunks}</span>}
      </Cell>
      <Cell name={names.counter} className="num">{number(release.security_counter)}</Cell>
      <Cell name={names.devices}><Link href={where} className="link num font-[550]">{text.firmware.devices(release.devices)}</Link></Cell>
      <Cell name={names.created} className="text-muted"><Moment ms={release.created_ms} /> {text.firmware.by(release.created_by)}</Cell>
    </tr>
  );
}

export default function Firmware() {
  const query = useInfiniteQuery(releasesQuery());
  const none = (
    <Note lead={text.firmware.none}>
      {text.firmware.noneHow}
      <Command>{text.firmware.noneCommand}</Command>
    </Note>
  );
  return (
    <>
      <PageHead title={text.firmware.title} lead={text.firmware.lead} />
      <Panel title={text.firmware.title} hideTitle={!!query.data?.pages[0]?.items.length}>
        <Answer query={query} what={text.firmware.title} height={HEIGHT_PX} isEmpty={({ pages }) => !pages[0]?.items.length} empty={none}>
          {({ pages }) => (
            <table className="w-full text-left max-lg:block">
              <thead className="max-lg:sr-only">
                <tr className="border-b border-line text-[12.5px] text-muted">
                  {Object.values(text.firmware.columns).map((name) => <th key={name} scope="col" className="h-9 px-3 font-[550] first:pl-3.5 last:pr-3.5">{name}</th>)}
                </tr>
              </thead>
              <tbody className="max-lg:block">{pages.flatMap(({ items }) => items).map((release) => <Row key={release.id} release={release} />)}</tbody>
            </table>
          )}
        </Answer>
        <Older query={query} />
      </Panel>
    </>
  );
}

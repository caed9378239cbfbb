import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Event } from "../../shared/api/client";
import { eventsQuery } from "../../shared/api/queries";
import { errorSentence, words } from "../../shared/format";
import { text } from "../../shared/text";
import { eventFill } from "../../shared/ui/event";
import { Answer, Note, Panel } from "../../shared/ui/panel";
import { Older } from "../../shared/ui/older";
import { PageHead } from "../../shared/ui/page";
import { Moment } from "../../shared/ui/now";

const HEIGHT_PX = 480;

function Item({ event }: { event: Event }) {
  return (
    <li className="grid gap-x-4 gap-y-0.5 border-line px-3.5 py-2.5 not-last:border-b max-lg:grid-cols-[1fr_auto] lg:grid-cols-[110px_150px_minmax(0,1fr)_minmax(130px,auto)_90px]">
      <span className="text-muted max-lg:order-2"><Moment ms={event.at_ms} /></span>
      <span className="flex gap-2.5 font-[550] max-lg:order-1">
        <span className={`mt-[7px] size-[7px] shrink-0 rounded-full ${eventFill(event)}`} aria-hidden="true" />
        {text.activity.kinds[event.kind] ?? words(event.kind)}
      </span>
      <span className="min-w-0 break-words max-lg:order-3 max-lg:col-span-2" title={event.error ? errorSentence(event.error) : undefined}>
        {event.text} {event.actor && <span className="text-muted">{text.activity.by(event.actor)}</span>}
      </span>
      <span className="truncate max-lg:order-4">{event.device && <Link href={`/devices/${encodeURIComponent(event.device)}`} className="link">{event.device}</Link>}</span>
      <span className="max-lg:order-5 max-lg:text-right">{event.rollout && <Link href={`/rollouts/${event.rollout}`} className="link text-muted">{event.rollout}</Link>}</span>
    </li>
  );
}

export default function Activity() {
  const query = useInfiniteQuery(eventsQuery());
  return (
    <>
      <PageHead title={text.activity.title} lead={text.activity.lead} />
      <Panel title={text.activity.title} hideTitle={!!query.data?.pages[0]?.items.length}>
        <Answer query={query} what={text.activity.title} height={HEIGHT_PX} isEmpty={({ pages }) => !pages[0]?.items.length} empty={<Note lead={text.activity.none} />}>
          {({ pages }) => <ol>{pages.flatMap(({ items }) => items).map((event) => <Item key={event.number} event={event} />)}</ol>}
        </Answer>
        <Older query={query} />
      </Panel>
    </>
  );
}

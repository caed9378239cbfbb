import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import type { Event } from "../../shared/api/client";
import { deviceEventsQuery } from "../../shared/api/queries";
import { words } from "../../shared/format";
import { text } from "../../shared/text";
import { Answer, Panel } from "../../shared/ui/panel";
import { eventFill } from "../../shared/ui/event";
import { Moment } from "../../shared/ui/now";

const HEIGHT_PX = 360;

function Item({ event }: { event: Event }) {
  const title = text.activity.kinds[event.kind] ?? words(event.kind);
  return (
    <li className="group grid grid-cols-[92px_9px_minmax(0,1fr)] gap-x-3.5">
      <span className="text-right text-muted"><Moment ms={event.at_ms} /></span>
      <span className="flex flex-col items-center" aria-hidden="true">
        <span className={`mt-1.5 size-[7px] shrink-0 rounded-full ${eventFill(event)}`} />
        <span className="mt-1 w-px flex-1 bg-line group-last:hidden" />
      </span>
      <div className="pb-3.5">
        <p className="font-[550]">{event.text || title}</p>
        <p className="text-muted">
          {[event.text ? title : null, event.actor && text.activity.by(event.actor)].filter(Boolean).join(", ")}
          {event.rollout && <>, <Link href={`/rollouts/${event.rollout}`} className="link">{event.rollout}</Link></>}
        </p>
      </div>
    </li>
  );
}

export function Timeline({ id }: { id: string }) {
  const query = useInfiniteQuery(deviceEventsQuery(id));
  return (
    <Panel title={text.device.timeline}>
      <Answer query={query} what={text.device.timeline} height={HEIGHT_PX} isEmpty={({ pages }) => !pages[0]?.items.length} empty={<p className="px-3.5 pt-1 pb-4 text-muted">{text.device.timelineNone}</p>}>
        {({ pages }) => (
          <>
            <ol className="px-3.5 pt-1">{pages.flatMap(({ items }) => items).map((event) => <Item key={event.number} event={event} />)}</ol>
            {query.hasNextPage && <button type="button" className="btn mx-3.5 mb-3.5" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>{text.device.older}</button>}
          </>
        )}
      </Answer>
    </Panel>
  );
}

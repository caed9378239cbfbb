/* Every question that the portal asks the server, with its cache key. */
import { type InfiniteData, infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, type DeviceState, type EventPage, keepCsrf, Problem, type Session, unwrap } from "./client";

export const DEVICE_PAGE_SIZE = 100;
const EVENT_PAGE_SIZE = 50;
const LIST_PAGE_SIZE = 50;

/* More than the server keeps open at a time. */
const ACTIVE_MAX = 200;

export interface DeviceFilter {
  q?: string;
  state?: DeviceState;
  online?: boolean;
  group?: string;
  hardware?: string;
  version?: string;
  rollout?: string;
}

export const keys = {
  session: ["session"] as const,
  summary: ["summary"] as const,
  devices: ["devices"] as const,
  device: (id: string) => ["device", id] as const,
  deviceEvents: (id: string) => ["device-events", id] as const,
  rollouts: ["rollouts", "all"] as const,
  activeRollouts: ["rollouts", "active"] as const,
  rollout: (id: string) => ["rollout", id] as const,
  releases: ["releases"] as const,
  events: ["events"] as const,
};

async function readSession(): Promise<Session | null> {
  try {
    const session = await unwrap(api.GET("/me"));
    keepCsrf(session);
    return session;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return null;
    throw error;
  }
}

export const sessionQuery = () => queryOptions({ queryKey: keys.session, queryFn: readSession, staleTime: Infinity });

export const summaryQuery = () => queryOptions({ queryKey: keys.summary, queryFn: () => unwrap(api.GET("/fleet/summary")) });

export const devicesQuery = (filter: DeviceFilter, offset = 0, limit = DEVICE_PAGE_SIZE) =>
  queryOptions({
    queryKey: [...keys.devices, filter, offset, limit] as const,
    queryFn: () => unwrap(api.GET("/devices", { params: { query: { ...filter, offset, limit } } })),
  });

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: keys.device(id),
    queryFn: () => unwrap(api.GET("/devices/{id}", { params: { path: { id } } })),
  });

export const activeRolloutsQuery = () =>
  queryOptions({
    queryKey: keys.activeRollouts,
    queryFn: () => unwrap(api.GET("/rollouts", { params: { query: { active: true, limit: ACTIVE_MAX } } })),
  });

interface ListPage {
  items: readonly unknown[];
  offset: number;
  total: number;
}

function nextOffset({ items, offset, total }: ListPage): number | undefined {
  const next = offset + items.length;
  return items.length && next < total ? next : undefined;
}

const listPages = { initialPageParam: 0, getNextPageParam: nextOffset };

export const rolloutsQuery = () =>
  infiniteQueryOptions({
    ...listPages,
    queryKey: keys.rollouts,
    queryFn: ({ pageParam }) => unwrap(api.GET("/rollouts", { params: { query: { offset: pageParam, limit: LIST_PAGE_SIZE } } })),
  });

export const rolloutQuery = (id: string) =>
  queryOptions({
    queryKey: keys.rollout(id),
    queryFn: () => unwrap(api.GET("/rollouts/{id}", { params: { path: { id } } })),
  });

export const releasesQuery = () =>
  infiniteQueryOptions({
    ...listPages,
    queryKey: keys.releases,
    queryFn: ({ pageParam }) => unwrap(api.GET("/releases", { params: { query: { offset: pageParam, limit: LIST_PAGE_SIZE } } })),
  });

const pages = { initialPageParam: undefined as number | undefined, getNextPageParam: (last: EventPage) => last.next ?? undefined };

export const eventsQuery = () =>
  infiniteQueryOptions({
    ...pages,
    queryKey: keys.events,
    queryFn: ({ pageParam }) => unwrap(api.GET("/events", { params: { query: { before: pageParam, limit: EVENT_PAGE_SIZE } } })),
  });

export const deviceEventsQuery = (id: string) =>
  infiniteQueryOptions({
    ...pages,
    queryKey: keys.deviceEvents(id),
    queryFn: ({ pageParam }) =>
      unwrap(api.GET("/devices/{id}/events", { params: { path: { id }, query: { before: pageParam, limit: EVENT_PAGE_SIZE } } })),
  });

/* Reads the newest events again, unless somebody has paged further down: then rows would move under the eye. */
export function refreshEvents(client: QueryClient): void {
  for (const root of [keys.events, ["device-events"]]) {
    void client.invalidateQueries({
      queryKey: root,
      predicate: (query) => ((query.state.data as InfiniteData<EventPage> | undefined)?.pages.length ?? 0) <= 1,
    });
  }
}

/* Begins or ends a session: nothing that the last one read stays in the cache. */
export function changeSession(client: QueryClient, session: Session | null): void {
  keepCsrf(session);
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.session[0] });
  client.setQueryData(keys.session, session);
}

/* The operator API: typed calls, the session's CSRF value, and errors as Problem objects. */
import createClient from "openapi-fetch";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Session = Schemas["Session"];
export type Role = Schemas["Role"];
export type FleetSummary = Schemas["FleetSummary"];
export type Device = Schemas["Device"];
export type DeviceState = Schemas["DeviceState"];
export type DevicePage = Schemas["DevicePage"];
export type DeviceDetail = Schemas["DeviceDetail"];
export type StateCounts = Schemas["StateCounts"];
export type Count = Schemas["Count"];
export type Event = Schemas["Event"];
export type EventPage = Schemas["EventPage"];
export type Release = Schemas["Release"];
export type Rollout = Schemas["Rollout"];
export type RolloutPage = Schemas["RolloutPage"];
export type Batch = Schemas["Batch"];
export type Changes = Schemas["Changes"];

/* What went wrong, as the server said it; code "network" when there was no answer. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string | undefined;
  readonly request: string | undefined;

  constructor(problem: { status: number; code: string; title: string; detail?: string; request?: string }) {
    super(problem.title);
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
    this.request = problem.request;
  }
}

let csrf: string | undefined;

/* Keeps the value that every change must carry; call with each session that the server answers. */
export function keepCsrf(session: Session | null): void {
  csrf = session?.csrf;
}

export const api = createClient<paths>({ baseUrl: `${location.origin}/api/v1`, fetch: (request) => globalThis.fetch(request) });

api.use({
  onRequest({ request }) {
    if (request.method !== "GET" && csrf) request.headers.set("X-CSRF-Token", csrf);
    return request;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

function problemOf(error: unknown, status: number): Problem {
  if (typeof error === "object" && error !== null && "code" in error && "title" in error) {
    return new Problem({ ...(error as { code: string; title: string }), status });
  }
  return new Problem({ status, code: "protocol", title: "" });
}

/* The answer's data, or throws a Problem. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch {
    throw new Problem({ status: 0, code: "network", title: "" });
  }
  if (!answer.response.ok) throw problemOf(answer.error, answer.response.status);
  return answer.data as T;
}

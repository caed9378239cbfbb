/* The whole portal in jsdom over the mock's model: no sockets, no waiting for timers of the mock. */
import { QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { vi } from "vitest";
import { Mock } from "../dev/mock.mjs";
import { App } from "../src/app/app";
import { makeClient } from "../src/app/client";
import { FakeSource } from "./fake-source";

export interface PageOptions {
  path?: string;
  account?: "admin" | "viewer" | null;
  devices?: number;
  prepare?: (mock: Mock) => void;
}

export interface Call {
  method: string;
  path: string;
  body: unknown;
  csrf: string | null;
}

export function openPage({ path = "/", account = "admin", devices = 200, prepare }: PageOptions = {}) {
  const mock = new Mock({ devices });
  prepare?.(mock);
  let cookie = account ? `updraft_session=${account}` : "";
  const calls: Call[] = [];
  const answer = async (request: Request) => {
    const url = new URL(request.url);
    const said = await request.text();
    const call = { method: request.method, path: url.pathname.replace("/api/v1", ""), body: said ? JSON.parse(said) : undefined, csrf: request.headers.get("X-CSRF-Token") };
    calls.push(call);
    const { status, body, cookie: set } = mock.handle({ ...call, query: Object.fromEntries(url.searchParams), cookie });
    if (set) cookie = set;
    const type = status >= 400 ? "application/problem+json" : "application/json";
    return new Response(body === undefined ? null : JSON.stringify(body), { status, headers: { "Content-Type": type } });
  };
  FakeSource.made = [];
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("fetch", vi.fn(answer));
  history.replaceState(null, "", path);
  const view = render(
    <QueryClientProvider client={makeClient()}>
      <App />
    </QueryClientProvider>,
  );
  return { mock, calls, view, user: userEvent.setup() };
}

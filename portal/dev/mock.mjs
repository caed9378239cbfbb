// A stand-in for the operator API while the portal is developed and tested: npm run mock, then npm run dev.
//   node dev/mock.mjs [--port 8081] [--devices 10000] [--dist FOLDER] [--still]
// Signs in as admin / admin (role admin) or viewer / viewer. --dist also serves a build, with the product's policy headers.
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { Fleet } from "./fleet.mjs";

const CSRF = "mock-csrf";
const STEP_MS = 500;
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const CHANGES = /^(POST|PATCH|DELETE|PUT)$/;

const ok = (body, status = 200) => ({ status, body });
const problem = (status, code, title, more = {}) => ({ status, body: { type: `urn:updraft:error:${code}`, title, status, code, ...more } });
const notFound = (code = "not_found") => problem(404, code, "There is nothing of that name; list what exists and try again.");

function act(fleet, id, verb, reason, account) {
  const rollout = fleet.rollouts.find((r) => r.id === id);
  if (!rollout) return notFound();
  const rules = { pause: ["running", "paused"], resume: ["paused halted", "running"], halt: ["running paused", "halted"] };
  const [from, to] = rules[verb];
  if (!from.split(" ").includes(rollout.status)) return problem(409, "conflict", "The present state does not allow that; look at the state and try again.", { detail: `${id} is ${rollout.status}` });
  Object.assign(rollout, { status: to, stop: to === "running" ? null : "person", stop_reason: to === "running" ? null : reason || `By ${account}.` });
  rollout.batches[rollout.current].state = to === "halted" ? "halted" : "running";
  fleet.event(`rollout_${to === "running" ? "resumed" : to}`, reason || `Rollout ${to}.`, { rollout: id, actor: account });
  fleet.touch(rollout);
  return ok(rollout);
}

function update(fleet, id, change, account) {
  const device = fleet.byId.get(id);
  if (!device) return notFound("device_unknown");
  if ("hold" in change) Object.assign(device, { hold: change.hold, reason: change.hold ? `Held by ${account}.` : null });
  if (change.approved) Object.assign(device, { pending: false, reason: null });
  if (change.group) device.group = change.group;
  fleet.event(change.approved ? "approved" : change.hold ? "held" : "hold_ended", change.approved ? "Approved." : change.hold ? "Held." : "Released.", { device: id, actor: account });
  fleet.touch(device);
  return ok(fleet.detail(device));
}

function paged(list, query) {
  const offset = Number(query.offset ?? 0);
  return { items: list.slice(offset, offset + Number(query.limit ?? 50)), offset, total: list.length };
}

/* [method, pattern, answer(context, groups of the pattern)] */
const ROUTES = [
  ["GET", /^\/me$/, ({ session }) => ok(session)],
  ["GET", /^\/fleet\/summary$/, ({ fleet }) => ok(fleet.summary())],
  ["GET", /^\/devices$/, ({ fleet, query }) => ok(fleet.page(query))],
  ["GET", /^\/devices\/([^/]+)$/, ({ fleet }, id) => (fleet.byId.has(id) ? ok(fleet.detail(fleet.byId.get(id))) : notFound("device_unknown"))],
  ["PATCH", /^\/devices\/([^/]+)$/, ({ fleet, body, session }, id) => update(fleet, id, body, session.account)],
  ["GET", /^\/devices\/([^/]+)\/events$/, ({ fleet, query }, id) => ok(fleet.eventsOf(id, Number(query.before ?? Infinity), Number(query.limit ?? 50)))],
  ["GET", /^\/releases$/, ({ fleet, query }) => ok(paged(fleet.releases.map((r) => ({ ...r, devices: fleet.devices.filter((d) => d.version === r.version && d.hardware === r.hardware).length })), query))],
  ["GET", /^\/rollouts$/, ({ fleet, query }) => ok(paged(query.active === "true" ? fleet.rollouts.filter((r) => r.status !== "completed") : fleet.rollouts, query))],
  ["GET", /^\/rollouts\/([^/]+)$/, ({ fleet }, id) => { const found = fleet.rollouts.find((r) => r.id === id); return found ? ok(found) : notFound(); }],
  ["POST", /^\/rollouts\/([^/]+)\/(pause|resume|halt)$/, ({ fleet, body, session }, id, verb) => act(fleet, id, verb, body?.reason, session.account)],
  ["GET", /^\/events$/, ({ fleet, query }) => ok(fleet.eventsOf(null, Number(query.before ?? Infinity), Number(query.limit ?? 50)))],
];

export class Mock {
  constructor(options = {}) {
    this.fleet = new Fleet(options);
    this.ended = false; /* true: every session has ended */
    this.failing = new Set(); /* paths that answer 500, for the tests of error states */
    this.forbidden = new Set(); /* paths that answer 403 */
  }

  /* The session that a Cookie header names, or null. */
  sessionOf(cookie) {
    const [, account] = /updraft_session=(admin|viewer)/.exec(cookie ?? "") ?? [];
    return account && !this.ended ? { account, role: account, expires_ms: Date.now() + 12 * 3_600_000, csrf: CSRF } : null;
  }

  /* Answers one request: {method, path below /api/v1, query, body, csrf, cookie} -> {status, body, cookie}. */
  handle({ method, path, query = {}, body, csrf, cookie }) {
    if (path === "/session" && method === "POST") return this.#signIn(body);
    const session = this.sessionOf(cookie);
    if (!session) return problem(401, "unauthenticated", "No valid credential was given; sign in, or present a device token.");
    if (this.failing.has(path)) return problem(500, "storage", "The server cannot read or write its data; see its log.", { request: "mock-1" });
    if (this.forbidden.has(path)) return problem(403, "forbidden", "This account may not do that; ask an administrator for the role.");
    if (CHANGES.test(method) && csrf !== CSRF) return problem(403, "csrf", "The request did not carry the CSRF header of this session.");
    if (path === "/session" && method === "DELETE") return { status: 204, body: undefined, cookie: "updraft_session=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict" };
    if (CHANGES.test(method) && session.role === "viewer") return problem(403, "forbidden", "This account may not do that; ask an administrator for the role.");
    for (const [verb, pattern, answer] of ROUTES) {
      const found = pattern.exec(path);
      if (found && verb === method) return answer({ fleet: this.fleet, query, body, session }, ...found.slice(1).map(decodeURIComponent));
    }
    return notFound();
  }

  #signIn(body) {
    if (!["admin", "viewer"].includes(body.user) || body.password !== body.user) return problem(401, "unauthenticated", "No valid credential was given; sign in, or present a device token.");
    this.ended = false;
    return { ...ok(this.sessionOf(`updraft_session=${body.user}`)), cookie: `updraft_session=${body.user}; Path=/; HttpOnly; SameSite=Strict` };
  }
}

function stream(mock, request, response, ids) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  let since = Number(request.headers["last-event-id"] ?? 0);
  const push = () => {
    const changes = mock.fleet.changes(since, ids);
    if (changes.revision === since) return;
    since = changes.revision;
    response.write(`event: change\nid: ${since}\ndata: ${JSON.stringify(changes)}\n\n`);
  };
  push();
  const timer = setInterval(push, STEP_MS);
  request.on("close", () => clearInterval(timer));
}

function file(response, dist, path) {
  const named = join(dist, path);
  const found = path !== "/" && !path.includes("..") && existsSync(named) ? named : join(dist, "index.html");
  response.writeHead(200, {
    "Content-Type": TYPES[extname(found)] ?? "application/octet-stream",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  });
  createReadStream(found).pipe(response);
}

/* Serves the mock on a port of the loopback; {url, close}. */
export async function serve({ port = 0, dist = null, still = false, ...options } = {}) {
  const mock = new Mock(options);
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    if (!url.pathname.startsWith("/api/v1/")) {
      if (dist) return file(response, dist, url.pathname);
      response.writeHead(404).end();
      return undefined;
    }
    const path = url.pathname.slice("/api/v1".length);
    if (path === "/stream" && mock.sessionOf(request.headers.cookie)) return stream(mock, request, response, (url.searchParams.get("devices") ?? "").split(",").filter(Boolean));
    let text = "";
    for await (const piece of request) text += piece;
    const { status, body, cookie } = mock.handle({ method: request.method, path, query: Object.fromEntries(url.searchParams), body: text ? JSON.parse(text) : undefined, csrf: request.headers["x-csrf-token"], cookie: request.headers.cookie });
    const headers = { "Content-Type": status >= 400 ? "application/problem+json" : "application/json", "Cache-Control": "no-store" };
    response.writeHead(status, cookie ? { ...headers, "Set-Cookie": cookie } : headers).end(body === undefined ? undefined : JSON.stringify(body));
    return undefined;
  });
  const timer = still ? null : setInterval(() => mock.fleet.step(), STEP_MS);
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    mock,
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      clearInterval(timer);
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const value = (name, fallback) => { const at = process.argv.indexOf(name); return at < 0 ? fallback : process.argv[at + 1]; };
  const { url } = await serve({ port: Number(value("--port", 8081)), devices: Number(value("--devices", 10_000)), dist: value("--dist", null), still: process.argv.includes("--still") });
  console.log(`Mock operator API on ${url} (admin / admin, viewer / viewer)`);
}

/* One event stream per tab. It is opened again when the rows on the screen change; the new connection starts with
 * everything that is watched, so nothing is missed between the two. Without React, so that it can be tested alone. */
import type { Changes } from "../api/client";

export const WATCH_MAX = 60;
const REOPEN_MS = 250;
const QUIET_MS = 20_000; /* a fleet may be quiet, but a connection may also be dead without saying so */
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

export type LiveStatus = { state: "connecting" } | { state: "live" } | { state: "stale"; sinceMs: number };

export interface StreamEvents {
  onChanges(changes: Changes): void;
  onReset(): void;
  /* The stream ended and cannot be opened: is the session still good? */
  onRefused(): void;
  /* Nothing came for a while: resolves if the server answers. */
  probe(): Promise<void>;
}

export class LiveStream {
  #source: EventSource | null = null;
  #next: EventSource | null = null;
  #watched = new Map<symbol, readonly string[]>();
  #open = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #prober: ReturnType<typeof setInterval> | undefined;
  #failures = 0;
  #lastMs = 0;
  #status: LiveStatus = { state: "connecting" };
  #listeners = new Set<() => void>();
  readonly #events: StreamEvents;

  constructor(events: StreamEvents) {
    this.#events = events;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly status = (): LiveStatus => this.#status;

  start(): void {
    this.#connect();
    this.#prober = setInterval(() => this.#probe(), QUIET_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#prober);
    this.#source?.close();
    this.#next?.close();
    this.#source = this.#next = null;
  }

  /* Names the rows that `owner` shows; an empty list forgets them. */
  watch(owner: symbol, ids: readonly string[]): void {
    if (ids.length) this.#watched.set(owner, ids);
    else this.#watched.delete(owner);
    if (this.#ids() === this.#open || !this.#source) return;
    this.#schedule(REOPEN_MS);
  }

  #ids(): string {
    return [...new Set([...this.#watched.values()].flat())].slice(0, WATCH_MAX).sort().join(",");
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), delayMs);
  }

  #connect(): void {
    const ids = this.#ids();
    this.#next?.close();
    const source = new EventSource(ids ? `/api/v1/stream?devices=${encodeURIComponent(ids)}` : "/api/v1/stream");
    this.#next = source;
    this.#open = ids;
    source.addEventListener("open", () => this.#adopt(source));
    source.addEventListener("change", (event) => {
      this.#lastMs = Date.now();
      this.#events.onChanges(JSON.parse((event as MessageEvent<string>).data) as Changes);
    });
    source.addEventListener("reset", () => this.#events.onReset());
    source.addEventListener("error", () => this.#fail(source));
  }

  #adopt(source: EventSource): void {
    if (source === this.#next) {
      this.#source?.close();
      this.#source = source;
      this.#next = null;
    }
    this.#failures = 0;
    this.#lastMs = Date.now();
    this.#set({ state: "live" });
  }

  #fail(source: EventSource): void {
    if (source !== this.#next && source !== this.#source) return;
    this.#set({ state: "stale", sinceMs: this.#lastMs || Date.now() });
    if (source.readyState !== EventSource.CLOSED) return;
    this.#events.onRefused();
    this.#schedule(RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] ?? 1000);
  }

  #probe(): void {
    const { state } = this.#status;
    if (state !== "live" || Date.now() - this.#lastMs < QUIET_MS) return;
    const source = this.#source;
    this.#events.probe().catch(() => {
      if (source !== this.#source) return;
      source?.close();
      if (source) this.#fail(source);
    });
  }

  #set(status: LiveStatus): void {
    if (status.state === this.#status.state) return;
    this.#status = status;
    this.#listeners.forEach((listener) => listener());
  }
}

// @vitest-environment jsdom
import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Fleet } from "../dev/fleet.mjs";
import type { Changes, Device, DeviceDetail, DevicePage, Rollout } from "../src/shared/api/client";
import { keys } from "../src/shared/api/queries";
import { applyChanges, mergeDevices, mergeRolloutPages } from "../src/shared/live/apply";
import { LiveStream, WATCH_MAX } from "../src/shared/live/stream";
import { FakeSource } from "./fake-source";

const fleet = new Fleet({ devices: 50 });
const page = () => fleet.page({ limit: "5" }) as DevicePage;
const newer = (device: Device, change: Partial<Device>): Device => ({ ...device, ...change, revision: device.revision + 1 });

describe("changes in the cache", () => {
  it("a page without changed rows stays the same object, so nothing is drawn again", () => {
    const old = page();
    expect(mergeDevices(old, new Map())).toBe(old);
  });

  it("a newer row replaces its own and leaves the others alone", () => {
    const old = page();
    const [first, second] = old.items as [Device, Device];
    const merged = mergeDevices(old, new Map([[first.id, newer(first, { progress: 77 })]]));
    expect(merged.items[0]?.progress).toBe(77);
    expect(merged.items[1]).toBe(second);
    expect(merged.states).toBe(old.states);
  });

  it("an older row never overwrites a newer one", () => {
    const old = page();
    const [first] = old.items as [Device];
    expect(mergeDevices(old, new Map([[first.id, { ...first, progress: 1, revision: first.revision - 1 }]]))).toBe(old);
  });

  it("a rollout that the list does not know makes the list be read again, unless it is on a page further down", () => {
    const items = fleet.rollouts as Rollout[];
    const [first] = items as [Rollout];
    const data = { pages: [{ items, offset: 0, total: 90 }], pageParams: [0] };
    expect(mergeRolloutPages(data, [])).toEqual(data);
    expect(mergeRolloutPages(data, [{ ...first, id: "R-99" }])).toBeNull();
    expect(mergeRolloutPages(data, [{ ...first, id: "R-1", created_ms: 1 }])).toEqual(data);
    const ended = { ...first, status: "completed" as const, revision: first.revision + 1 };
    expect(mergeRolloutPages(data, [ended])?.pages[0]?.items[0]).toBe(ended);
  });

  it("a change of state reads the device's checks again, a tick of progress does not", () => {
    const client = new QueryClient();
    const detail = fleet.detail(fleet.devices[0]) as DeviceDetail;
    const key = keys.device(detail.device.id);
    const changes = (device: Device): Changes => ({ revision: 1, summary: fleet.summary(), rollouts: [], devices: [device] });
    client.setQueryData(key, detail);
    const tick = newer(detail.device, { progress: 50 });
    applyChanges(client, changes(tick));
    expect(client.getQueryState(key)?.isInvalidated).toBe(false);
    applyChanges(client, changes(newer(tick, { state: "failed", reason: "why" })));
    expect(client.getQueryState(key)?.isInvalidated).toBe(true);
    expect(client.getQueryData<DeviceDetail>(key)?.device.state).toBe("failed");
  });
});

describe("the stream", () => {
  const events = { onChanges: vi.fn(), onReset: vi.fn(), onRefused: vi.fn(), probe: vi.fn(async () => {}) };
  let stream: LiveStream;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.clearAllMocks();
    FakeSource.made = [];
    vi.stubGlobal("EventSource", FakeSource);
    stream = new LiveStream(events);
    stream.start();
  });
  afterEach(() => {
    stream.stop();
    vi.useRealTimers();
  });

  it("scrolling opens one new connection when it rests, and the old one lives until then", () => {
    const first = FakeSource.last;
    first.open();
    const owner = Symbol();
    for (const id of ["a", "b", "c"]) stream.watch(owner, [id]);
    vi.advanceTimersByTime(1000);
    expect(FakeSource.made).toHaveLength(2);
    expect(FakeSource.last.watched).toEqual(["c"]);
    expect(first.readyState).toBe(1);
    FakeSource.last.open();
    expect(first.readyState).toBe(2);
  });

  it("watches no more rows than the server allows", () => {
    FakeSource.last.open();
    stream.watch(Symbol(), Array.from({ length: WATCH_MAX + 9 }, (_, i) => `d${i}`));
    vi.advanceTimersByTime(1000);
    expect(FakeSource.last.watched).toHaveLength(WATCH_MAX);
  });

  it("a lost connection is told with the time of the last data, and its return too", () => {
    FakeSource.last.open();
    vi.advanceTimersByTime(5000);
    FakeSource.last.say("change", {});
    const heard = Date.now();
    vi.advanceTimersByTime(60_000);
    FakeSource.last.fail();
    expect(stream.status()).toEqual({ state: "stale", sinceMs: heard });
    FakeSource.last.open();
    expect(stream.status().state).toBe("live");
  });

  it("a refused connection asks whether the session is good and tries again, later each time", () => {
    const tries = () => FakeSource.made.length;
    FakeSource.last.fail({ closed: true });
    expect(events.onRefused).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(1000);
    expect(tries()).toBe(2);
    FakeSource.last.fail({ closed: true });
    vi.advanceTimersByTime(1000);
    expect(tries()).toBe(2);
    vi.advanceTimersByTime(1000);
    expect(tries()).toBe(3);
  });

  it("a connection that died in silence is found by asking the server", async () => {
    FakeSource.last.open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(events.probe).toHaveBeenCalled();
    expect(stream.status().state).toBe("live");
    events.probe.mockRejectedValueOnce(new Error("no answer"));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(stream.status().state).toBe("stale");
    await vi.advanceTimersByTimeAsync(1000);
    FakeSource.last.open();
    expect(stream.status().state).toBe("live");
  });

  it("a reset reads everything again", () => {
    FakeSource.last.open();
    FakeSource.last.say("reset", {});
    expect(events.onReset).toHaveBeenCalledOnce();
  });
});

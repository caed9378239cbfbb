// A made-up fleet with the shapes of api/openapi.yaml; every step moves the running rollout on. Same seed, same fleet.
import { createHash } from "node:crypto";
const STATES = ["idle", "downloading", "updating", "success", "failed", "rolled_back"];
const HARDWARE = ["nrf5340", "nrf5340", "nrf5340", "stm32h563", "esp32-s3"];
const GROUPS = ["prod-eu", "prod-us", "prod-apac", "beta", "lab"];
const FAULTS = [
  ["rolled_back", "no_contact", "The new firmware did not reach the server in time; it runs the previous image again."],
  ["rolled_back", "self_test_failed", "The new firmware's self-test failed; it runs the previous image again."],
  ["failed", "flash_write", "The flash did not take what was written."],
  ["failed", "download_failed", "The download failed after all retries."],
];
const MINUTE = 60_000;

function randomOf(seed) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const digest = (text) => createHash("sha256").update(text).digest("hex");

function release(number, version, hardware, now) {
  const sizes = [512, 1024, 4096, 16384].map((chunk) => ({
    chunk_size: chunk, digest: digest(`${version}${hardware}${chunk}`), size: 421_888 + 32 * Math.ceil(421_888 / chunk), descriptor: true,
  }));
  return {
    id: `F-${number}`, version, hardware, image_size: 421_888 + number * 1024, file_digest: digest(`f${number}`), image_digest: digest(`i${number}`),
    key_hash: digest("release-2026"), encrypted: number === 2, security_counter: 10 + number, artifacts: sizes, notes: number % 2 ? "Fixes the radio's wake-up time." : null,
    created_by: "admin", created_ms: now - (9 - number) * 60 * 24 * MINUTE, devices: 0,
  };
}

function batchesOf(total) {
  const shares = [0.01, 0.05, 0.2, 0.3];
  let left = total;
  const planned = shares.map((share) => {
    const count = Math.min(left, Math.max(1, Math.round(total * share)));
    left -= count;
    return count;
  });
  planned.push(left);
  return planned.map((count) => ({ state: "waiting", planned: count, offered: 0, updating: 0, succeeded: 0, failed: 0, rolled_back: 0, unreachable: 0 }));
}

export class Fleet {
  constructor({ devices = 10_000, seed = 7, now = Date.now } = {}) {
    this.now = now;
    this.random = randomOf(seed);
    this.revision = 1;
    this.events = [];
    const start = now();
    this.releases = [release(6, "2.5.0", "nrf5340", start), release(5, "2.5.0", "stm32h563", start), release(4, "2.4.1", "stm32h563", start), release(3, "2.4.1", "nrf5340", start), release(1, "2.3.7", "nrf5340", start)];
    this.devices = Array.from({ length: devices }, (_, i) => this.#device(i, start));
    this.byId = new Map(this.devices.map((d) => [d.id, d]));
    this.rollouts = [];
    this.queue = [];
    if (devices === 0) {
      this.releases = []; /* a server on its first day */
      return;
    }
    this.rollouts = this.#rollouts(start);
    for (let i = 0; i < 120; i++) this.step();
  }

  #device(index, start) {
    const hardware = HARDWARE[Math.floor(this.random() * HARDWARE.length)];
    const online = this.random() < 0.964;
    const hold = this.random() < 0.003;
    const pending = !hold && this.random() < 0.001;
    return {
      id: `dev-${(0x4a0000 + index).toString(16)}`, hardware, group: GROUPS[Math.floor(this.random() * GROUPS.length)],
      version: this.random() < 0.93 ? "2.4.1" : "2.3.7", target: null, rollout: null, state: "idle", progress: 0, error: null,
      reason: pending ? "Waits for a person's approval." : hold ? "Held by admin." : online ? null : "Offline.",
      online, pending, hold, batch: null,
      last_seen_ms: start - Math.floor(online ? this.random() * 2 * MINUTE : (1 + this.random() * 40) * 60 * MINUTE),
      registered_ms: start - Math.floor((30 + this.random() * 200) * 24 * 60 * MINUTE), revision: 1,
    };
  }

  #rollouts(start) {
    const members = this.devices.filter((d) => d.hardware === "nrf5340" && !d.pending);
    const base = { stop: null, stop_reason: null, failure_limit_percent: 2, min_sample: 50, success_percent: 95, failures: [], waits: [], created_by: "admin", revision: 1, group: null };
    const running = { ...base, id: "R-14", release: "F-6", version: "2.5.0", from: "2.4.1", hardware: "nrf5340", status: "running", batches: batchesOf(members.length), current: 0, created_ms: start - 94 * MINUTE, ended_ms: null };
    this.queue = members.slice();
    let next = 0;
    running.batches.forEach((batch, i) => {
      for (let n = 0; n < batch.planned; n++, next++) {
        const device = members[next];
        Object.assign(device, { rollout: "R-14", batch: i + 1, target: "2.5.0", reason: device.hold ? device.reason : device.online ? `Waits for batch ${i + 1}.` : "Offline." });
      }
    });
    running.batches[0].state = "running";
    const halted = { ...base, id: "R-13", release: "F-5", version: "2.5.0", from: "2.4.1", hardware: "stm32h563", status: "halted", stop: "failure_limit", stop_reason: "4 of 20 ended badly (20%); the limit is 2%.", batches: batchesOf(2000), current: 0, created_ms: start - 26 * 60 * MINUTE, ended_ms: null, failures: [{ label: "self_test_failed", count: 4 }], waits: [{ label: "batch", count: 1980 }] };
    Object.assign(halted.batches[0], { state: "halted", offered: 20, succeeded: 16, rolled_back: 4 });
    const done = { ...base, id: "R-12", release: "F-3", version: "2.4.1", from: "2.3.7", hardware: "nrf5340", status: "completed", batches: batchesOf(members.length), current: 4, created_ms: start - 9 * 24 * 60 * MINUTE, ended_ms: start - 7 * 24 * 60 * MINUTE };
    done.batches.forEach((b) => Object.assign(b, { state: "passed", offered: b.planned, succeeded: b.planned }));
    return [running, halted, done];
  }

  event(kind, text, { device = null, rollout = null, actor = null, error = null } = {}) {
    this.events.unshift({ number: (this.events[0]?.number ?? 0) + 1, at_ms: this.now(), kind, device, rollout, actor, text, error });
    this.events.length = Math.min(this.events.length, 20_000);
  }

  touch(thing) {
    thing.revision = ++this.revision;
  }

  #end(device, batch, rollout) {
    batch.updating--;
    if (this.random() < 0.992) {
      Object.assign(device, { state: "success", version: device.target, target: null, progress: 0, reason: null });
      batch.succeeded++;
      this.event("succeeded", `${device.version} confirmed.`, { device: device.id, rollout: rollout.id });
    } else {
      const [state, error, reason] = FAULTS[Math.floor(this.random() * FAULTS.length)];
      Object.assign(device, { state, error, reason, progress: 0 });
      batch[state]++;
      const count = rollout.failures.find((f) => f.label === error);
      if (count) count.count++;
      else rollout.failures.push({ label: error, count: 1 });
      rollout.failures.sort((a, b) => b.count - a.count);
      this.event(state, `${device.target} ${state === "failed" ? "failed" : "rolled back"}: ${reason}`, { device: device.id, rollout: rollout.id, error });
    }
  }

  #advance(device, batch, rollout) {
    if (device.state === "downloading") {
      device.progress = Math.min(100, device.progress + 4 + Math.floor(this.random() * 14));
      if (device.progress === 100) Object.assign(device, { state: "updating", progress: 0 });
    } else {
      device.progress = Math.min(100, device.progress + 8 + Math.floor(this.random() * 20));
      if (device.progress === 100) this.#end(device, batch, rollout);
    }
    device.last_seen_ms = this.now();
    this.touch(device);
  }

  step() {
    const rollout = this.rollouts[0];
    if (!rollout) return;
    const batch = rollout.batches[rollout.current];
    const members = this.queue.filter((d) => d.batch === rollout.current + 1);
    members.filter((d) => d.state === "downloading" || d.state === "updating").forEach((d) => this.#advance(d, batch, rollout));
    if (rollout.status === "running") {
      const waiting = members.filter((d) => d.state === "idle" && d.online && !d.hold);
      const room = Math.max(2, Math.ceil(this.queue.length * 0.08)) - batch.updating;
      const share = Math.ceil(Math.max(1, room) * 0.12);
      waiting.slice(0, Math.max(0, Math.min(share, room))).forEach((d) => {
        Object.assign(d, { state: "downloading", progress: 1 + Math.floor(this.random() * 5), reason: null });
        batch.offered++;
        batch.updating++;
        this.event("offered", `Offered ${d.target}, batch ${d.batch}.`, { device: d.id, rollout: rollout.id });
        this.touch(d);
      });
      batch.unreachable = members.filter((d) => !d.online && d.state === "idle").length;
      if (waiting.length === 0 && batch.updating === 0) this.#open(rollout, batch);
    }
    const left = this.queue.filter((d) => d.state === "idle");
    rollout.waits = [["batch", left.filter((d) => d.online && !d.hold).length], ["offline", left.filter((d) => !d.online).length], ["held", left.filter((d) => d.hold).length]]
      .filter(([, count]) => count > 0).map(([label, count]) => ({ label, count }));
    this.touch(rollout);
  }

  #open(rollout, batch) {
    batch.state = "passed";
    if (rollout.current + 1 < rollout.batches.length) {
      rollout.current++;
      rollout.batches[rollout.current].state = "running";
      this.event("batch_opened", `Batch ${rollout.current + 1} is open.`, { rollout: rollout.id });
    } else {
      Object.assign(rollout, { status: "completed", ended_ms: this.now() });
      this.event("rollout_completed", "Every reachable device has an outcome.", { rollout: rollout.id });
    }
  }

  states(list = this.devices) {
    const counts = Object.fromEntries(STATES.map((s) => [s, 0]));
    list.forEach((d) => counts[d.state]++);
    return counts;
  }

  summary() {
    const tally = (key) => {
      const counts = new Map();
      this.devices.forEach((d) => counts.set(d[key], (counts.get(d[key]) ?? 0) + 1));
      return [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count);
    };
    const batches = this.rollouts[0]?.batches ?? [];
    const sum = (key) => batches.reduce((n, b) => n + b[key], 0);
    const successes = sum("succeeded");
    return {
      devices: this.devices.length, online: this.devices.filter((d) => d.online).length, pending: this.devices.filter((d) => d.pending).length,
      groups: this.devices.length ? GROUPS.length : 1, states: this.states(), outcomes: successes + sum("failed") + sum("rolled_back"), successes,
      versions: tally("version"), hardware: tally("hardware"), revision: this.revision,
    };
  }

  page(query) {
    const match = this.devices.filter((d) =>
      (!query.q || d.id.includes(query.q)) && (!query.group || d.group === query.group) && (!query.hardware || d.hardware === query.hardware) &&
      (!query.version || d.version === query.version) && (!query.rollout || d.rollout === query.rollout) && (!query.online || String(d.online) === query.online));
    const rank = { failed: 0, rolled_back: 0, downloading: 1, updating: 1, success: 3, idle: 2 };
    const items = (query.state ? match.filter((d) => d.state === query.state) : match).sort((a, b) => rank[a.state] - rank[b.state] || (a.id < b.id ? -1 : 1));
    const offset = Number(query.offset ?? 0);
    return { items: items.slice(offset, offset + Number(query.limit ?? 50)), offset, total: items.length, states: this.states(match) };
  }

  detail(device) {
    const rollout = this.rollouts.find((r) => r.id === device.rollout);
    const done = device.state === "success" || device.state === "failed" || device.state === "rolled_back";
    const checks = [
      ["registered", !device.pending, device.pending ? "Waits for approval" : "Registered and approved"],
      ["not_held", !device.hold, device.hold ? "Held by a person" : "Not held"],
      ["rollout", !!rollout, rollout ? `${rollout.id} offers ${rollout.version}` : `No rollout is for hardware ${device.hardware} in group ${device.group}`],
    ];
    if (rollout) {
      checks.push(["no_outcome", !done, done ? `It has had its outcome in ${rollout.id}` : `No outcome in ${rollout.id} yet`]);
      checks.push(["batch", device.batch <= rollout.current + 1, device.batch <= rollout.current + 1 ? `Batch ${device.batch} is open` : `Waits for batch ${device.batch}`]);
      checks.push(["online", device.online, device.online ? "Seen within three intervals" : "Offline"]);
    }
    return {
      device, image_digest: digest(device.version), security_counter: 13, boot_reason: device.state === "rolled_back" ? "reverted" : "normal", revert_reason: device.state === "rolled_back" ? device.error : null,
      battery: device.hardware === "nrf5340" ? 64 : null, link: "ble", signal: -71, journal_worn: device.id.endsWith("7f"), trial_attempts: 0, abnormal_resets: device.id.endsWith("7f") ? 3 : 0,
      checks: checks.map(([check, passed, detail]) => ({ check, passed, detail })), events: this.eventsOf(device.id, Infinity, 50).items,
    };
  }

  eventsOf(device, before, limit) {
    const list = this.events.filter((e) => e.number < before && (device === null || e.device === device));
    const items = list.slice(0, limit);
    return { items, next: list.length > limit ? items.at(-1).number : null };
  }

  changes(since, ids) {
    return {
      revision: this.revision, summary: this.summary(),
      rollouts: this.rollouts.filter((r) => r.revision > since),
      devices: ids.map((id) => this.byId.get(id)).filter((d) => d && d.revision > since),
    };
  }
}

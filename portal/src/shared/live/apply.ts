/* Writes what the stream says into the query cache. */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import type { Changes, Device, DeviceDetail, DevicePage, Rollout, RolloutPage } from "../api/client";
import { keys } from "../api/queries";

type RolloutPages = InfiniteData<RolloutPage, number>;

/* The page with newer rows in place of its own; the same object when none changed, so that nothing is drawn again. */
export function mergeDevices(page: DevicePage, devices: ReadonlyMap<string, Device>): DevicePage {
  let changed = false;
  const items = page.items.map((old) => {
    const fresh = devices.get(old.id);
    if (!fresh || fresh.revision <= old.revision) return old;
    changed = true;
    return fresh;
  });
  return changed ? { ...page, items } : page;
}

/* The page with newer rollouts in place of its own. */
function mergeRollouts(page: RolloutPage, rollouts: readonly Rollout[]): RolloutPage {
  const items = page.items.map((old) => rollouts.find(({ id, revision }) => id === old.id && revision > old.revision) ?? old);
  return { ...page, items };
}

/* The same for all pages that were read; null when one that belongs there is missing, so that they must be read again.
 * What is older than the last row waits on a page that nobody has asked for. */
export function mergeRolloutPages(data: RolloutPages, rollouts: readonly Rollout[]): RolloutPages | null {
  const shown = data.pages.flatMap(({ items }) => items);
  const oldest = shown.at(-1)?.created_ms ?? 0;
  if (rollouts.some((r) => r.created_ms >= oldest && !shown.some(({ id }) => id === r.id))) return null;
  return { ...data, pages: data.pages.map((page) => mergeRollouts(page, rollouts)) };
}

function applyRollouts(client: QueryClient, rollouts: readonly Rollout[]): void {
  for (const rollout of rollouts) {
    client.setQueryData<Rollout>(keys.rollout(rollout.id), (old) => (old && old.revision >= rollout.revision ? old : rollout));
  }
  const active = client.getQueryData<RolloutPage>(keys.activeRollouts);
  if (active) {
    client.setQueryData(keys.activeRollouts, mergeRollouts(active, rollouts));
    if (rollouts.some((r) => r.status !== "completed" && !active.items.some(({ id }) => id === r.id))) void client.invalidateQueries({ queryKey: keys.activeRollouts });
  }
  const all = client.getQueryData<RolloutPages>(keys.rollouts);
  const merged = all && mergeRolloutPages(all, rollouts);
  if (merged) client.setQueryData(keys.rollouts, merged);
  else if (all) void client.invalidateQueries({ queryKey: keys.rollouts });
}

function applyDevices(client: QueryClient, list: readonly Device[]): void {
  const devices = new Map(list.map((device) => [device.id, device]));
  for (const [key, page] of client.getQueriesData<DevicePage>({ queryKey: keys.devices })) {
    if (page) client.setQueryData(key, mergeDevices(page, devices));
  }
  for (const device of list) {
    const detail = client.getQueryData<DeviceDetail>(keys.device(device.id));
    if (!detail || detail.device.revision >= device.revision) continue;
    client.setQueryData<DeviceDetail>(keys.device(device.id), { ...detail, device });
    if (detail.device.state !== device.state || detail.device.reason !== device.reason) {
      void client.invalidateQueries({ queryKey: keys.device(device.id) });
    }
  }
}

export function applyChanges(client: QueryClient, changes: Changes): void {
  client.setQueryData(keys.summary, changes.summary);
  applyRollouts(client, changes.rollouts);
  applyDevices(client, changes.devices);
}

/* Writes what the stream says into the query cache. */
import type { QueryClient } from "@tanstack/react-query";
import type { Changes, Device, DeviceDetail, DevicePage, Rollout } from "../api/client";
import { keys } from "../api/queries";

interface RolloutList {
  items: Rollout[];
}

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

/* The list with newer rollouts in place; null when one is not in it, so that the list must be read again. */
export function mergeRollouts(list: RolloutList, rollouts: readonly Rollout[]): RolloutList | null {
  const fresh = new Map(rollouts.map((rollout) => [rollout.id, rollout]));
  const items = list.items.map((old) => {
    const newer = fresh.get(old.id);
    fresh.delete(old.id);
    return newer && newer.revision > old.revision ? newer : old;
  });
  return fresh.size ? null : { items };
}

function applyRollouts(client: QueryClient, rollouts: readonly Rollout[]): void {
  for (const rollout of rollouts) {
    client.setQueryData<Rollout>(keys.rollout(rollout.id), (old) => (old && old.revision >= rollout.revision ? old : rollout));
  }
  for (const [key, list] of client.getQueriesData<RolloutList>({ queryKey: keys.rollouts })) {
    const merged = list && mergeRollouts(list, rollouts);
    if (merged) client.setQueryData(key, merged);
    else if (list && (key[1] === false || rollouts.some((r) => r.status !== "completed"))) void client.invalidateQueries({ queryKey: key });
  }
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

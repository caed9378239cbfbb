/* Types of the made-up fleet. */
import type { components } from "../src/shared/api/schema";

type Schemas = components["schemas"];

export class Fleet {
  constructor(options?: { devices?: number; seed?: number });
  devices: Schemas["Device"][];
  byId: Map<string, Schemas["Device"]>;
  rollouts: Schemas["Rollout"][];
  releases: Schemas["Release"][];
  events: Schemas["Event"][];
  step(): void;
  touch(thing: { revision: number }): void;
  summary(): Schemas["FleetSummary"];
  page(query: Record<string, string>): Schemas["DevicePage"];
  detail(device: Schemas["Device"] | undefined): Schemas["DeviceDetail"];
  changes(since: number, ids: readonly string[]): Schemas["Changes"];
}

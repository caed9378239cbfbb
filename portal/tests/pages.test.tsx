// @vitest-environment jsdom
/* What a person sees and can do, page by page, over the mock's fleet. */
import { act, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Device } from "../src/shared/api/client";
import { FakeSource } from "./fake-source";
import { openPage } from "./page";

const live = (mock: { fleet: { changes: (since: number, ids: string[]) => unknown } }, ids: string[] = []) =>
  act(() => {
    FakeSource.last.open();
    FakeSource.last.say("change", mock.fleet.changes(0, ids));
  });

const halt = () => screen.getByRole("button", { name: "Halt rollout" });

describe("signing in", () => {
  it("a wrong password is told, and the right one opens the overview", async () => {
    const { user } = openPage({ account: null });
    await user.type(await screen.findByLabelText("User"), "admin");
    await user.type(screen.getByLabelText("Password"), "wrong{Enter}");
    expect((await screen.findByRole("alert")).textContent).toContain("do not match");
    await user.clear(screen.getByLabelText("Password"));
    await user.type(screen.getByLabelText("Password"), "admin{Enter}");
    await screen.findByRole("heading", { name: "Overview" });
  });

  it("a session that ends leads back to the sign-in page", async () => {
    const { mock, user } = openPage();
    await screen.findByRole("heading", { name: "Overview" });
    mock.ended = true;
    await user.click(screen.getAllByRole("link", { name: "Firmware" })[0] as HTMLElement);
    await screen.findByLabelText("Password");
  });

  it("signing out ends the session on the server", async () => {
    const { calls, user } = openPage();
    await user.click((await screen.findAllByRole("button", { name: "Sign out" }))[0] as HTMLElement);
    await screen.findByLabelText("Password");
    expect(calls.at(-1)).toMatchObject({ method: "DELETE", path: "/session", csrf: "mock-csrf" });
  });
});

describe("the overview", () => {
  it("shows the fleet's numbers with their denominators", async () => {
    const { mock } = openPage();
    const summary = mock.fleet.summary();
    const numbers = await screen.findByRole("region", { name: "The fleet in numbers" });
    await within(numbers).findByText(`${summary.successes} of ${summary.outcomes} updates`);
    within(numbers).getByText(`${summary.devices - summary.online} offline`);
  });

  it("moves with the stream, without a further request", async () => {
    const { mock, calls } = openPage();
    const numbers = await screen.findByRole("region", { name: "The fleet in numbers" });
    await within(numbers).findByText("200");
    const before = calls.filter(({ path }) => path === "/fleet/summary").length;
    mock.fleet.devices.pop();
    live(mock);
    await within(numbers).findByText("199");
    expect(calls.filter(({ path }) => path === "/fleet/summary")).toHaveLength(before);
  });

  it("an empty fleet says how to begin", async () => {
    openPage({ devices: 0 });
    await screen.findByText("updraft rollout start VERSION");
    await screen.findByText("No device is registered yet.");
    await screen.findByText("No update has ended yet");
  });

  it("a panel whose data cannot be read says so, the others work, and trying again helps", async () => {
    const { mock, user } = openPage({ prepare: ({ failing }) => failing.add("/fleet/summary") });
    const numbers = await screen.findByRole("region", { name: "The fleet in numbers" });
    const alert = await within(numbers).findByRole("alert");
    expect(alert.textContent).toContain("Nothing was changed.");
    expect(alert.textContent).toContain("Request mock-1");
    await screen.findByRole("link", { name: "R-14" });
    mock.failing.clear();
    await user.click(within(alert).getByRole("button", { name: "Try again" }));
    await within(numbers).findByText("Devices");
  });

  for (const [path, asked] of [["/firmware", "/releases"], ["/devices", "/devices"], ["/rollouts/R-14", "/rollouts/R-14"], ["/activity", "/events"]] as const) {
    it(`what the role may not see is told as such: ${path}`, async () => {
      openPage({ path, prepare: ({ forbidden }) => forbidden.add(asked) });
      await screen.findByText(/Your role may not see this/);
    });

    it(`what cannot be read is told with its reason: ${path}`, async () => {
      const { mock, user } = openPage({ path, prepare: ({ failing }) => failing.add(asked) });
      const alert = await screen.findByRole("alert");
      expect(alert.textContent).toContain("cannot read or write its data");
      mock.failing.clear();
      await user.click(within(alert).getByRole("button", { name: "Try again" }));
      await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
    });
  }
});

describe("halting and resuming", () => {
  it("halting says what happens to the rest, and does it", async () => {
    const { mock, calls, user } = openPage({ path: "/rollouts/R-14" });
    await user.click(await screen.findByRole("button", { name: "Halt rollout" }));
    const dialog = await screen.findByRole("dialog", { name: "Halt R-14 now?" });
    expect(dialog.textContent).toContain("No further device receives 2.5.0.");
    expect(dialog.textContent).toMatch(/\d+ devices? stays? on 2\.4\.1/);
    await user.type(within(dialog).getByLabelText("Reason (optional)"), "Smoke in the lab");
    await user.click(within(dialog).getByRole("button", { name: "Halt rollout" }));
    await screen.findByText("Smoke in the lab");
    expect(mock.fleet.rollouts[0]?.status).toBe("halted");
    expect(calls.find(({ method }) => method === "POST")).toMatchObject({ path: "/rollouts/R-14/halt", body: { reason: "Smoke in the lab" }, csrf: "mock-csrf" });
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  it("resuming a hundred devices or more wants their number typed", async () => {
    const { mock, user } = openPage({ path: "/rollouts/R-13" });
    await user.click(await screen.findByRole("button", { name: "Resume rollout" }));
    const dialog = await screen.findByRole("dialog");
    const resume = within(dialog).getByRole<HTMLButtonElement>("button", { name: "Resume rollout" });
    expect(resume.disabled).toBe(true);
    await user.type(within(dialog).getByLabelText("Type 1,980 to confirm"), "1,98");
    expect(resume.disabled).toBe(true);
    await user.type(within(dialog).getByLabelText("Type 1,980 to confirm"), "0{Enter}");
    await waitFor(() => expect(mock.fleet.rollouts[1]?.status).toBe("running"));
  });

  it("resuming a few devices is one click", async () => {
    const shrink = (left: number) => ({ fleet }: { fleet: { rollouts: { batches: { planned: number }[] }[] } }) => fleet.rollouts[1]?.batches.forEach((batch, i) => (batch.planned = i ? left / 4 : 20));
    const { user } = openPage({ path: "/rollouts/R-13", prepare: shrink(96) });
    await user.click(await screen.findByRole("button", { name: "Resume rollout" }));
    const dialog = await screen.findByRole("dialog");
    expect(within(dialog).getByRole<HTMLButtonElement>("button", { name: "Resume rollout" }).disabled).toBe(false);
  });

  it("a refusal of the server stays in the dialog, with its reason", async () => {
    const { mock, user } = openPage({ path: "/rollouts/R-14" });
    await user.click(await screen.findByRole("button", { name: "Pause rollout" }));
    Object.assign(mock.fleet.rollouts[0] as object, { status: "completed" });
    const dialog = await screen.findByRole("dialog");
    await user.click(within(dialog).getByRole("button", { name: "Pause rollout" }));
    expect((await within(dialog).findByRole("alert")).textContent).toContain("(R-14 is completed)");
  });

  it("on a stale page only Halt works, and the banner tells since when", async () => {
    const { mock } = openPage({ path: "/rollouts/R-14" });
    await screen.findByRole("button", { name: "Halt rollout" });
    live(mock);
    act(() => FakeSource.last.fail());
    await screen.findByText(/^Reconnecting, data from \d\d:\d\d:\d\d\.$/);
    expect(screen.getByRole<HTMLButtonElement>("button", { name: "Pause rollout" }).disabled).toBe(true);
    expect((halt() as HTMLButtonElement).disabled).toBe(false);
    act(() => FakeSource.last.open());
    expect(screen.queryByText(/^Reconnecting, data/)).toBeNull();
  });

  it("a viewer is told which role can halt", async () => {
    openPage({ path: "/rollouts/R-14", account: "viewer" });
    const button = await screen.findByRole<HTMLButtonElement>("button", { name: "Halt rollout" });
    expect(button.disabled).toBe(true);
    expect(button.title).toBe("Needs the role operator.");
  });

  it("no rate is shown below the minimum sample", async () => {
    const prepare = ({ fleet }: { fleet: { rollouts: { min_sample: number }[] } }) => Object.assign(fleet.rollouts[0] ?? {}, { min_sample: 500_000, current: 4 });
    openPage({ path: "/rollouts/R-14", prepare });
    await screen.findByText(/\d+ of \d+ results needed,/);
  });
});

describe("a device", () => {
  const held = (mock: { fleet: { devices: Device[] } }) => Object.assign(mock.fleet.devices[0] as Device, { hold: false, pending: false, online: true, state: "idle", reason: null });

  it("says why it does not update, in the server's order", async () => {
    openPage({ path: "/devices/dev-4a0000", prepare: (mock) => Object.assign(held(mock), { hold: true, reason: "Held by admin." }) });
    const why = await screen.findByRole("region", { name: "Why this device is not updating" });
    const lines = within(why).getAllByRole("listitem").map((item) => item.textContent);
    expect(lines.slice(0, 2)).toEqual([expect.stringContaining("PassedRegistered"), expect.stringContaining("Stops hereNot held")]);
    expect(lines.filter((line) => line.startsWith("Stops here"))).toHaveLength(1);
    within(why).getByText("Held by a person.");
  });

  it("that went back says why, before anything else", async () => {
    const rolledBack = { state: "rolled_back", error: "self_test_failed", reason: null } as const;
    openPage({ path: "/devices/dev-4a0000", prepare: (mock) => Object.assign(held(mock), rolledBack) });
    const why = await screen.findByRole("region", { name: "Why this device is not updating" });
    within(why).getByText("The new firmware's self-test failed; the device went back to the previous image, if it keeps one.");
  });

  it("is held and released", async () => {
    const { mock, user } = openPage({ path: "/devices/dev-4a0000", prepare: held });
    await user.click(await screen.findByRole("button", { name: "Hold device" }));
    await screen.findByText("Held: it gets no offers.");
    await user.click(await screen.findByRole("button", { name: "Release hold" }));
    await waitFor(() => expect(mock.fleet.devices[0]?.hold).toBe(false));
  });

  it("is approved when it waits for that", async () => {
    const { mock, user } = openPage({ path: "/devices/dev-4a0000", prepare: (mock) => Object.assign(held(mock), { pending: true }) });
    await user.click(await screen.findByRole("button", { name: "Approve device" }));
    await waitFor(() => expect(screen.queryByRole("button", { name: "Approve device" })).toBeNull());
    expect(mock.fleet.devices[0]?.pending).toBe(false);
  });

  it("changes its state on the page when the stream says so", async () => {
    const { mock } = openPage({ path: "/devices/dev-4a0000", prepare: held });
    await screen.findByText("Idle");
    const device = mock.fleet.byId.get("dev-4a0000") as Device;
    Object.assign(device, { state: "downloading", progress: 42 });
    mock.fleet.touch(device);
    live(mock, ["dev-4a0000"]);
    await screen.findByText("Downloading");
    expect(screen.getByRole("progressbar", { name: "Downloading, progress" }).getAttribute("aria-valuenow")).toBe("42");
  });

  it("that nobody knows is told as such", async () => {
    openPage({ path: "/devices/ghost" });
    await screen.findByText("No such device");
  });
});

describe("lists", () => {
  it("the address keeps the filter of the device list", async () => {
    const { calls, user } = openPage({ path: "/devices" });
    await user.click(await screen.findByRole("button", { name: /^Success/ }));
    await waitFor(() => expect(location.search).toBe("?state=success"));
    await user.type(screen.getByLabelText("Part of the id"), "4a00");
    await waitFor(() => expect(location.search).toBe("?state=success&q=4a00"));
    expect(calls.filter(({ path }) => path === "/devices").length).toBeGreaterThan(1);
  });

  it("a filter that matches nothing can be cleared", async () => {
    const { user } = openPage({ path: "/devices?q=nothing" });
    await user.click(await screen.findByRole("button", { name: "Clear filters" }));
    await waitFor(() => expect(location.search).toBe(""));
  });

  it("activity shows older entries on request", async () => {
    const { user } = openPage({ path: "/activity" });
    const rows = async () => (await screen.findAllByRole("listitem")).length;
    await waitFor(async () => expect(await rows()).toBe(50));
    await user.click(screen.getByRole("button", { name: "Show older" }));
    await waitFor(async () => expect(await rows()).toBeGreaterThan(50));
  });

  it("an address that leads nowhere says so", async () => {
    openPage({ path: "/nowhere" });
    await screen.findByRole("heading", { name: "No such page" });
  });
});

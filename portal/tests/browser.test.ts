/* The build in Debian's Chromium over the mock server, under the product's own content policy. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launch, openPage, ROUTES, signIn, THEMES, WIDTHS } from "../dev/browser.mjs";
import { serve } from "../dev/mock.mjs";

const MOVING_DEVICES = 400;
const MANY_DEVICES = 100_000;
const TARGET_PX = 44;
const WIDTHS_BETWEEN_PX = [600, 768, 1024, 1100, 1180];
let browser: Browser;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

type Server = Awaited<ReturnType<typeof serve>>;

async function withServer(options: Parameters<typeof serve>[0], use: (server: Server) => Promise<void>): Promise<void> {
  const server = await serve({ dist: inject("dist"), ...options });
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

async function settle(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForFunction(() => !document.querySelector(".skeleton"));
}

const overflow = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

/* Buttons, fields and navigation that a finger would miss. Links inside running text are not meant. */
const smallTargets = (page: Page) =>
  page.evaluate((least) => {
    const found = [...document.querySelectorAll<HTMLElement>("button, input, nav a")].filter((node) => node.checkVisibility());
    return found.filter((node) => node.getBoundingClientRect().height < least).map((node) => node.outerHTML.slice(0, 120));
  }, TARGET_PX);

describe("every screen", () => {
  for (const theme of THEMES) {
    for (const [name, size] of Object.entries(WIDTHS)) {
      it(`passes axe, keeps the content policy and fits: ${theme}, ${name}`, () =>
        withServer({ still: true, devices: MOVING_DEVICES }, async ({ url }) => {
          const { page, said, close } = await openPage(browser, { theme, size });
          const found: string[] = [];
          const check = async (route: string) => {
            found.push(...(await axe(page)).map((line) => `${route} ${line}`));
            if ((await overflow(page)) > 0) found.push(`${route} is wider than the screen`);
            if (name === "phone") found.push(...(await smallTargets(page)).map((line) => `${route} small target ${line}`));
          };
          await page.goto(url);
          await page.getByLabel("User").waitFor();
          await check("sign-in");
          await signIn(page, url);
          for (const route of ROUTES) {
            await page.goto(url + route);
            await settle(page);
            await check(route);
          }
          await page.goto(`${url}/rollouts/R-13`);
          await page.getByRole("button", { name: "Resume rollout" }).click();
          await page.getByRole("dialog").waitFor();
          await check("dialog");
          await close();
          expect([...found, ...said]).toEqual([]);
        }));
    }
  }
});

it("fits widths between phone and desk", () =>
  withServer({ still: true, devices: MOVING_DEVICES }, async ({ url }) => {
    const { page, close } = await openPage(browser);
    const found: string[] = [];
    await signIn(page, url);
    for (const route of ROUTES) {
      await page.goto(url + route);
      for (const width of WIDTHS_BETWEEN_PX) {
        await page.setViewportSize({ width, height: 800 });
        await settle(page);
        if ((await overflow(page)) > 0) found.push(`${route} is wider than ${width} px`);
      }
    }
    await close();
    expect(found).toEqual([]);
  }));

describe("live", () => {
  it("a device's state moves on the list without a reload", () =>
    withServer({ still: true, devices: MOVING_DEVICES }, async ({ mock, url }) => {
      const { page, close } = await openPage(browser);
      await signIn(page, url);
      await page.goto(`${url}/devices?q=4a0001`);
      const row = page.getByRole("row").filter({ hasText: "dev-4a0001" });
      await row.waitFor();
      await page.evaluate(() => Object.assign(window, { same: true }));
      const device = mock.fleet.byId.get("dev-4a0001");
      Object.assign(device ?? {}, { state: "downloading", progress: 61 });
      if (device) mock.fleet.touch(device);
      await row.getByText("Downloading").waitFor();
      expect(await row.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("61");
      expect(await page.evaluate(() => "same" in window)).toBe(true);
      await close();
    }));

  it("new devices join the list by themselves, but not under the pointer", () =>
    withServer({ still: true, devices: 20 }, async ({ mock, url }) => {
      const { page, close } = await openPage(browser);
      await signIn(page, url);
      await page.goto(`${url}/devices`);
      await page.locator("[data-index='19']").waitFor();
      const join = (id: string) => {
        const device = { ...(mock.fleet.devices[0] as (typeof mock.fleet.devices)[0]), id };
        mock.fleet.devices.push(device);
        mock.fleet.touch(device);
      };
      join("new-1");
      await page.getByRole("link", { name: "new-1" }).waitFor();
      await page.locator("[data-index='3']").hover();
      join("new-2");
      const refresh = page.getByRole("button", { name: "1 change, refresh order" });
      await refresh.waitFor();
      expect(await page.getByRole("link", { name: "new-2" }).count()).toBe(0);
      await refresh.click();
      await page.getByRole("link", { name: "new-2" }).waitFor();
      await close();
    }));

  it("a lost server leaves the page readable, with Halt enabled, and its return mends it", () =>
    withServer({ still: true, devices: MOVING_DEVICES }, async (first) => {
      const { url } = first;
      const { page, close } = await openPage(browser);
      await signIn(page, url);
      await page.goto(`${url}/rollouts/R-14`);
      await page.locator("[data-live=live]").first().waitFor();
      await first.close();
      await page.getByText(/^Reconnecting, data from/).waitFor();
      expect(await page.getByRole("button", { name: "Pause rollout" }).isDisabled()).toBe(true);
      expect(await page.getByRole("button", { name: "Halt rollout" }).isDisabled()).toBe(false);
      const second = await serve({ port: Number(new URL(url).port), still: true, devices: MOVING_DEVICES });
      await page.getByText(/^Reconnecting, data from/).waitFor({ state: "hidden" });
      expect(await page.getByRole("button", { name: "Pause rollout" }).isDisabled()).toBe(false);
      await close();
      await second.close();
    }));
});

describe("by hand and eye", () => {
  it("links lead from page to page, and the way back works", () =>
    withServer({ still: true, devices: 20 }, async ({ url }) => {
      const { page, said, close } = await openPage(browser);
      await signIn(page, url);
      for (const place of ["Devices", "Rollouts", "Firmware", "Activity"]) {
        await page.getByRole("link", { name: place }).first().click();
        await page.getByRole("heading", { level: 1, name: place }).waitFor();
      }
      await page.goBack();
      await page.getByRole("heading", { level: 1, name: "Firmware" }).waitFor();
      await close();
      expect(said).toEqual([]);
    }));

  it("a rollout is halted with the keyboard alone", () =>
    withServer({ still: true, devices: MOVING_DEVICES }, async ({ mock, url }) => {
      const { page, close } = await openPage(browser);
      await signIn(page, url);
      await page.goto(`${url}/rollouts/R-14`);
      await page.getByRole("button", { name: "Halt rollout" }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Halt rollout");
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
      expect(mock.fleet.rollouts[0]?.status).toBe("running");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor();
      await page.keyboard.press("Enter");
      await page.getByText("Stopped by a person.").waitFor();
      expect(mock.fleet.rollouts[0]?.status).toBe("halted");
      await close();
    }));

  it("arrow keys walk through the devices", () =>
    withServer({ still: true, devices: MOVING_DEVICES }, async ({ url }) => {
      const { page, close } = await openPage(browser);
      await signIn(page, url);
      await page.goto(`${url}/devices`);
      await page.locator("[data-index='0'] a").focus();
      for (let i = 0; i < 30; i++) await page.keyboard.press("ArrowDown");
      const focused = page.locator("[data-index='30'] a");
      expect(await focused.evaluate((link) => link === document.activeElement)).toBe(true);
      await page.waitForFunction(() => {
        const box = document.activeElement?.getBoundingClientRect();
        return !!box && box.top >= 0 && box.bottom <= innerHeight;
      });
      await close();
    }));

  it("a hundred thousand devices scroll to the last, with few rows in the page", () =>
    withServer({ still: true, devices: MANY_DEVICES }, async ({ url }) => {
      const { page, close } = await openPage(browser);
      await signIn(page, url);
      await page.goto(`${url}/devices`);
      await page.locator("[data-index='0'] a").waitFor();
      await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
      await page.locator(`[data-index='${MANY_DEVICES - 1}'] a`).waitFor();
      expect(await page.locator("[data-index]").count()).toBeLessThan(60);
      await close();
    }));

  it("the theme follows the system until a person chooses, and the choice is kept", () =>
    withServer({ still: true, devices: 20 }, async ({ url }) => {
      const { page, close } = await openPage(browser, { theme: "dark" });
      const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
      await signIn(page, url);
      expect(await theme()).toBe("dark");
      await page.getByRole("button", { name: "Use the light theme" }).first().click();
      await page.reload();
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      expect(await theme()).toBe("light");
      await close();
    }));
});

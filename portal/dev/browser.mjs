// Debian's Chromium, driven by playwright-core: shared by the browser tests and dev/shots.mjs.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.CHROMIUM ?? "/usr/bin/chromium";
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const WIDTHS = { desk: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
export const THEMES = ["light", "dark"];
export const ROUTES = ["/", "/devices", "/devices/dev-4a0000", "/rollouts", "/rollouts/R-14", "/rollouts/R-13", "/firmware", "/activity", "/nowhere"];

export const launch = () => chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });

/* A page of its own browser profile; `said` gathers console errors, policy violations and crashes. */
export async function openPage(browser, { size = WIDTHS.desk, theme = "light" } = {}) {
  const context = await browser.newContext({ viewport: size, colorScheme: theme, bypassCSP: false, reducedMotion: "reduce" });
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => message.type() === "error" && !message.text().includes("401 (Unauthorized)") && said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  return { page, said, close: () => context.close() };
}

export async function signIn(page, url, user = "admin", password = user) {
  await page.goto(url);
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
}

/* Rule violations that axe finds on the page, as short lines. evaluate() is not subject to the page's own policy. */
export async function axe(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] }));
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.any[0]?.message ?? node.all[0]?.message ?? ""}`));
}

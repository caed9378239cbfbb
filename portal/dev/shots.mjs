// Pictures of every screen over the mock: node dev/shots.mjs FOLDER [ROUTE...]
import { mkdirSync } from "node:fs";
import { launch, openPage, ROUTES, signIn, THEMES, WIDTHS } from "./browser.mjs";
import { serve } from "./mock.mjs";

const [folder = "shots", ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const server = await serve({ dist: "dist", devices: Number(process.env.DEVICES ?? 10_000) });
const browser = await launch();
for (const theme of THEMES) {
  for (const [name, size] of Object.entries(WIDTHS)) {
    const { page, said, close } = await openPage(browser, { size, theme });
    await page.goto(server.url);
    if (!only.length) await page.getByLabel("User").waitFor().then(() => page.screenshot({ path: `${folder}/signin-${name}-${theme}.png` }), () => {});
    await signIn(page, server.url);
    for (const route of only.length ? only : ROUTES) {
      await page.goto(server.url + route);
      await page.waitForTimeout(900);
      await page.screenshot({ path: `${folder}/${route.replaceAll("/", "_")}-${name}-${theme}.png` });
    }
    if (said.length) console.log(theme, name, said);
      await close();
  }
}
await browser.close();
await server.close();

// Signs in to the portal and says what its device list shows of one device, without ever loading the page again:
//   node watch_device.mjs URL PASSWORD DEVICE STATE...
// Prints "saw STATE VERSION PROGRESS" for each state in order (PROGRESS "-" if there is no bar), then "done".
import { launch, openPage, signIn } from "../../../portal/dev/browser.mjs";

const [url, password, device, ...states] = process.argv.slice(2);
const browser = await launch();
const { page, said } = await openPage(browser);
try {
  await signIn(page, url, "admin", password);
  await page.getByRole("link", { name: "Devices" }).first().click();
  const row = page.getByRole("row").filter({ hasText: device });
  await row.waitFor();
  await page.evaluate(() => Object.assign(window, { isSamePage: true }));
  for (const state of states) {
    await row.locator(`[data-state="${state}"]`).waitFor();
    const bar = row.getByRole("progressbar");
    const progress = (await bar.count()) ? await bar.getAttribute("aria-valuenow") : "-";
    const version = await row.getByRole("cell").nth(4).innerText();
    console.log(`saw ${state} ${version.trim().replace(/\s+/g, ">")} ${progress}`);
  }
  if (!(await page.evaluate(() => "isSamePage" in window))) throw new Error("the page was loaded again");
  if (said.length) throw new Error(`the browser complains: ${said.join("; ")}`);
  console.log("done");
} finally {
  await browser.close();
}

// Signs in to the portal and halts a rollout with the mouse: node halt_rollout.mjs URL PASSWORD ROLLOUT REASON
import { launch, openPage, signIn } from "../../../portal/dev/browser.mjs";

const [url, password, rollout, reason] = process.argv.slice(2);
const browser = await launch();
const { page, said } = await openPage(browser);
try {
  await signIn(page, url, "admin", password);
  await page.getByRole("link", { name: rollout, exact: true }).click();
  await page.getByRole("heading", { level: 1, name: rollout }).waitFor();
  await page.getByRole("button", { name: "Halt rollout" }).click();
  const dialog = page.getByRole("dialog", { name: `Halt ${rollout} now?` });
  console.log(`asks: ${(await dialog.getByRole("paragraph").allInnerTexts()).join(" ")}`);
  await dialog.getByLabel("Reason (optional)").fill(reason);
  await dialog.getByRole("button", { name: "Halt rollout" }).click();
  await page.getByText(reason).first().waitFor();
  await page.locator("[data-status=halted]").first().waitFor();
  if (said.length) throw new Error(`the browser complains: ${said.join("; ")}`);
  console.log("halted");
} finally {
  await browser.close();
}

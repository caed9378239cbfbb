// Tries a wrong password, signs in with the right one, visits every page, signs out: node sign_in.mjs URL PASSWORD
import { axe, launch, openPage, signIn } from "../../../portal/dev/browser.mjs";

const [url, password] = process.argv.slice(2);
const browser = await launch();
const { page, said } = await openPage(browser);
try {
  await page.goto(url);
  await page.getByLabel("User").fill("admin");
  await page.getByLabel("Password").fill("not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  console.log(`refused: ${await page.getByRole("alert").innerText()}`);
  await signIn(page, url, "admin", password);
  for (const place of ["Devices", "Rollouts", "Firmware", "Activity", "Overview"]) {
    await page.getByRole("link", { name: place }).first().click();
    await page.getByRole("heading", { level: 1, name: place }).waitFor();
    await page.waitForFunction(() => !document.querySelector(".skeleton"));
    const found = await axe(page);
    if (found.length) throw new Error(`${place}: ${found.join("; ")}`);
    if (await page.getByRole("alert").count()) throw new Error(`${place}: ${await page.getByRole("alert").first().innerText()}`);
    console.log(`visited ${place}`);
  }
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await page.getByLabel("Password").waitFor();
  await page.goto(`${url}/devices`);
  await page.getByLabel("Password").waitFor();
  if (said.length) throw new Error(`the browser complains: ${said.join("; ")}`);
  console.log("signed out");
} finally {
  await browser.close();
}

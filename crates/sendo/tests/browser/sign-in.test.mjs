// People who sign in: with a token in a form, or by a link that is good once.

import assert from "node:assert/strict";
import { overhang, picture, violations } from "./page.mjs";
import { direct, story } from "./stage.mjs";

/** A harbour, the token of somebody who may read, and a way to see who a page says is signed in. */
async function harbourOf(principal, stage) {
  const harbour = await stage({ site: { live: { how: direct } } });
  const token = harbour.sendo(["token", "create", "theirs", "--for", principal, "--scope", "read"]);
  const header = async (page) => (await page.getByRole("banner").innerText()).replace(/\s+/g, " ");
  return { harbour, token, header };
}

story("without scripts somebody signs in with a token, comes back and signs out", async ({ stage, browser }) => {
  const { harbour, token, header } = await harbourOf("local:aoi", stage);
  const page = await (await browser()).open(`${harbour.url}/deliveries`, { javaScriptEnabled: false });
  await page.getByRole("link", { name: "Sign in" }).click();
  for (const typed of ["wrong", token]) {
    await page.getByLabel("Token").fill(typed);
    await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
    if (typed === "wrong") assert.match(await page.getByRole("alert").innerText(), /unknown, expired or revoked/);
  }
  assert.equal(page.url(), `${harbour.url}/deliveries`);
  assert.match(await header(page), /local:aoi Sign out/);
  const [{ name, httpOnly, secure, sameSite }] = await page.context().cookies();
  assert.deepEqual({ name, httpOnly, secure, sameSite }, { name: "__Host-sendo", httpOnly: true, secure: true, sameSite: "Lax" });
  await page.getByRole("button", { name: "Sign out" }).click();
  assert.match(await header(page), /Sign in/);
  assert.deepEqual(await page.context().cookies(), []);
});

story("a link signs one browser in and the next one hears that it is over", async ({ stage, browser }) => {
  const { harbour, token, header } = await harbourOf("local:mei", stage);
  const link = harbour.sendo(["login"], { SENDO_TOKEN: token });
  const chromium = await browser();
  const page = await chromium.open(link);
  const late = await chromium.open(link);
  await page.getByRole("button", { name: "Sign in as local:mei" }).click();
  await page.waitForURL(`${harbour.url}/`);
  assert.match(await header(page), /local:mei Sign out/);
  await late.getByRole("button", { name: "Sign in as local:mei" }).click();
  assert.match(await late.getByRole("main").innerText(), /this link was used/);
  assert.doesNotMatch(await header(late), /local:mei/);
});

for (const colorScheme of ["light", "dark"]) {
  story(`the pages to sign in at are sound when they are ${colorScheme}`, async ({ stage, browser }) => {
    const { harbour, token } = await harbourOf("local:mei", stage);
    const link = harbour.sendo(["login"], { SENDO_TOKEN: token });
    const chromium = await browser();
    for (const [name, url] of Object.entries({ "sign-in": `${harbour.url}/sign-in`, "sign-in-once": link })) {
      const page = await chromium.open(url, { colorScheme, width: 360 });
      await picture(page, `${name}-${colorScheme}-360`);
      assert.deepEqual(await violations(page), [], name);
      assert.deepEqual(page.trouble, [], name);
      assert.equal(await overhang(page), 0, name);
    }
  });
}

// What people do on the pages: approve, race for an approval, lock, unlock, go back.

import assert from "node:assert/strict";
import { again, overhang, picture, violations } from "./page.mjs";
import { direct, story, until } from "./stage.mjs";

const asking = { shop: { production: { approval: { people: 1 } } } };

/** A stage, and a way in for somebody with these scopes. */
async function town(stage, browser, applications, scopes = ["read", "deploy", "approve"]) {
  const harbour = await stage(applications);
  const chromium = await browser();
  const enter = async (who, path, options = { javaScriptEnabled: false }) => {
    const scope = scopes.flatMap((scope) => ["--scope", scope]);
    const token = harbour.sendo(["token", "create", who, "--for", `local:${who}`, ...scope]);
    const page = await chromium.open(harbour.sendo(["login"], { SENDO_TOKEN: token }), options);
    await page.getByRole("button", { name: "Sign in as" }).click();
    await page.goto(harbour.url + path);
    return page;
  };
  return { harbour, enter };
}

story("without scripts somebody approves and the deployment arrives", async ({ stage, browser }) => {
  const { harbour, enter } = await town(stage, browser, asking);
  const revision = harbour.merge("shop", "Add a cart");
  const { id } = await harbour.waits("shop/production", "people");
  const seen = await enter("ren", `/deployments/${id}`, {});
  assert.deepEqual([await violations(seen), seen.trouble], [[], []]);
  await picture(seen, "acting-approve");
  const page = await enter("aoi", `/deployments/${id}`);
  await page.getByRole("button", { name: "Approve" }).click();
  assert.equal(page.url(), `${harbour.url}/deployments/${id}`);
  await harbour.arrives("shop/production", revision);
  await again(page);
  assert.match(await page.getByRole("main").innerText(), /local:aoi approved/);
  assert.equal(await page.getByRole("button", { name: "Approve" }).count(), 0);
});

story("two browsers race for one approval and it is given once", async ({ stage, browser }) => {
  const { harbour, enter } = await town(stage, browser, asking);
  const revision = harbour.merge("shop", "Add a cart");
  const { id } = await harbour.waits("shop/production", "people");
  const pages = await Promise.all(["aoi", "ren"].map((who) => enter(who, `/deployments/${id}`)));
  await Promise.all(pages.map((page) => page.getByRole("button", { name: "Approve" }).click()));
  await harbour.arrives("shop/production", revision);
  const { timeline } = await harbour.get(`/api/v1/deployments/${id}`);
  const turns = timeline.map(({ turn }) => turn.turn);
  assert.equal(turns.filter((turn) => turn === "merged").length, 1);
  assert.ok(turns.includes("person_approved"), turns.join());
});

story("a lock set on its page holds a merge back until it is opened there", async ({ stage, browser }) => {
  const { harbour, enter } = await town(stage, browser, { site: { live: { how: direct } } });
  const page = await enter("aoi", "/locks", { width: 360 });
  const form = page.locator('form[action="/locks"].lock');
  await form.getByLabel("What").fill("*/live");
  await form.getByLabel("Reason").fill("a <b>migration</b>");
  await form.getByRole("button", { name: "Lock", exact: true }).click();
  await until("it is locked", async () => (await harbour.get("/api/v1/locks")).locks.length === 1);
  const revision = harbour.merge("site", "Add a page");
  await harbour.waits("site/live", "locked");
  await again(page);
  assert.match(await page.getByRole("main").innerText(), /a <b>migration<\/b>/);
  assert.deepEqual([await violations(page), await overhang(page), page.trouble], [[], 0, []]);
  await picture(page, "acting-locks");
  await page.getByRole("button", { name: "Unlock */live" }).click();
  await harbour.arrives("site/live", revision);
});

story("a freeze announced on its page holds a merge back until it is ended there", async ({ stage, browser }) => {
  const { harbour, enter } = await town(stage, browser, { site: { live: { how: direct } } });
  const page = await enter("aoi", "/locks", { width: 360 });
  const form = page.locator('form[action="/freezes"]');
  await form.getByLabel("What").fill("site/live");
  await form.getByLabel("To", { exact: true }).fill(new Date(Date.now() + 86_400_000).toISOString().slice(0, 16));
  await form.getByLabel("Reason").fill("year <b>end</b>");
  await form.getByLabel("Name").fill("year-end");
  await form.getByRole("button", { name: "Announce a freeze" }).click();
  await until("it is frozen", async () => (await harbour.get("/api/v1/freezes")).announced.length === 1);
  const revision = harbour.merge("site", "Add a page");
  await harbour.waits("site/live", "frozen");
  await again(page);
  assert.match(await page.getByRole("main").innerText(), /year <b>end<\/b>/);
  assert.deepEqual([await violations(page), await overhang(page), page.trouble], [[], 0, []]);
  await page.getByRole("button", { name: /year-end/ }).click();
  await harbour.arrives("site/live", revision);
});

story("what somebody has typed into a form stays when somebody else locks something", async ({ stage, browser }) => {
  const { harbour, enter } = await town(stage, browser, { site: { live: { how: direct } } });
  const page = await enter("aoi", "/locks", {});
  const form = page.locator('form[action="/freezes"]');
  const typed = { What: "site/live", Reason: "year end", Name: "year" };
  for (const [label, words] of Object.entries(typed)) await form.getByLabel(label).fill(words);
  harbour.sendo(["lock", "site/live", "--reason", "the auditors are here"]);
  await page.getByText("the auditors are here").waitFor();
  for (const [label, words] of Object.entries(typed)) assert.equal(await form.getByLabel(label).inputValue(), words);
  await page.keyboard.type("-end");
  assert.equal(await form.getByLabel("Name").inputValue(), "year-end");
});

story("with the keyboard alone somebody rolls a lane back from its application's page", async ({ stage, browser }) => {
  const { harbour, enter } = await town(stage, browser, { site: { live: { how: direct } } });
  const first = harbour.merge("site", "Add a page");
  await harbour.arrives("site/live", first);
  await harbour.arrives("site/live", harbour.merge("site", "Break a page"));
  const page = await enter("aoi", "/applications/site", {});
  assert.deepEqual([await violations(page), page.trouble], [[], []]);
  await page.locator("summary", { hasText: "Roll back" }).focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Reason").focus();
  await page.keyboard.type("it is broken");
  await page.keyboard.press("Enter");
  await harbour.arrives("site/live", first);
  const { held } = await harbour.get("/api/v1/locks");
  assert.equal(held[0].reason, "it is broken");
});

story("who may not finds no button", async ({ stage, browser }) => {
  const { harbour, enter } = await town(stage, browser, asking, ["read"]);
  harbour.merge("shop", "Add a cart");
  const { id } = await harbour.waits("shop/production", "people");
  for (const path of [`/deployments/${id}`, "/locks", "/applications/shop"]) {
    const page = await enter("aoi", path);
    assert.equal(await page.getByRole("main").getByRole("button").count(), 0, path);
  }
});

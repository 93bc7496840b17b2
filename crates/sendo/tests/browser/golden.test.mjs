// Eight pages as somebody looked at them and found them good, wide in the light and narrow in the dark.

import assert from "node:assert/strict";
import { golden } from "./golden.mjs";
import { direct, story, until } from "./stage.mjs";

const people = { how: {}, after: "test", approval: { people: 2 } };
const TOWN = {
  shop: { test: { how: direct }, production: people },
  site: { staging: { how: direct }, live: { how: direct, after: "staging" } },
};
const WIDE = { colorScheme: "light", width: 1280 };
const NARROW = { colorScheme: "dark", width: 360 };

/** A stage on which two people have tokens. */
async function harbourOf(stage, applications) {
  const harbour = await stage(applications);
  const scopes = ["read", "deploy", "approve"].flatMap((scope) => ["--scope", scope]);
  const token = (who) => harbour.sendo(["token", "create", who, "--for", `local:${who}`, ...scopes]);
  const [aoi, ren] = ["aoi", "ren"].map((who) => ({ SENDO_TOKEN: token(who) }));
  return { harbour, aoi, ren };
}

/** Something runs, something waits for a second approval, and something is locked. */
async function evening(stage) {
  const { harbour, aoi, ren } = await harbourOf(stage, TOWN);
  await harbour.arrives("site/live", harbour.merge("site", "Say what a ferry costs (#7)", "青井 海"));
  const first = harbour.merge("shop", "Add a shopping cart (#11)");
  const done = await harbour.waits("shop/production", "people");
  for (const who of [aoi, ren]) harbour.sendo(["approve", done.id], who);
  await harbour.arrives("shop/production", first);
  harbour.sendo(["lock", "site/live", "--reason", "migration of the database"], ren);
  await harbour.arrives("site/staging", harbour.merge("site", "Add a timetable (#8)", "kenji"));
  await harbour.waits("site/live", "locked");
  await harbour.arrives("shop/test", harbour.merge("shop", "Round prices half to even (#12)", "kenji"));
  const waiting = await harbour.waits("shop/production", "people");
  harbour.sendo(["approve", waiting.id], aoi);
  await until("an approval counts", async () => {
    const { timeline } = await harbour.get(`/api/v1/deployments/${waiting.id}`);
    return timeline.some(({ turn }) => turn.turn === "person_approved");
  });
  const paths = {
    board: "/",
    application: "/applications/shop?environment=production",
    "deployment-waits": `/deployments/${waiting.id}`,
    "deployment-done": `/deployments/${done.id}`,
    locks: "/locks",
    deliveries: "/deliveries",
  };
  return { harbour, ren, paths };
}

/** A few people act in one lane, so that what is written comes in one order. */
async function ledger(stage) {
  const { harbour, aoi, ren } = await harbourOf(stage, { site: { live: { how: direct, on: "command" } } });
  harbour.sendo(["lock", "site/live", "--reason", "migration of the database"], ren);
  const revision = harbour.merge("site", "Add a timetable (#8)");
  harbour.sendo(["deploy", "site", "live", revision], aoi);
  await harbour.waits("site/live", "locked");
  harbour.sendo(["unlock", "site/live"], ren);
  await harbour.arrives("site/live", revision);
  return { harbour, ren, paths: { audit: "/audit" } };
}

for (const [seen, set] of Object.entries({ "what is where": evening, "who did what": ledger })) {
  story(`pages about ${seen} look as they did when somebody found them good`, async ({ stage, browser }) => {
    const { harbour, ren, paths } = await set(stage);
    const chromium = await browser();
    const wrong = [];
    for (const [kind, options] of [["light-1280", WIDE], ["dark-360", NARROW]]) {
      const page = await chromium.open(`${harbour.url}/sign-in`, { ...options, javaScriptEnabled: false });
      const look = (name) => golden(page, `${name}-${kind}`).catch((error) => wrong.push(error.message));
      await look("sign-in");
      await page.goto(harbour.sendo(["login"], ren));
      await page.getByRole("main").getByRole("button").click();
      const sealed = async () => (await harbour.get("/api/v1/audit")).rows.every(({ hash }) => hash);
      await until("every line is sealed", sealed);
      for (const [name, path] of Object.entries(paths)) {
        await page.goto(harbour.url + path);
        await look(name);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

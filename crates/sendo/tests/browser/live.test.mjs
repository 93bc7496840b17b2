// An open board follows what happens, says when it cannot, and catches up.

import assert from "node:assert/strict";
import { checked, direct, story, until } from "./stage.mjs";

/** A board that is open and live, with a mark that a reload would wipe out. */
async function watching(browser, harbour) {
  const page = await browser.open(harbour.url);
  await page.refreshed;
  page.live = await status(page);
  await page.evaluate(() => (globalThis.sameDocument = true));
  return page;
}

/** What the page says about itself. */
function status(page) {
  return until("the page says whether it is live", () => page.getByRole("status").innerText());
}

function shows(page, deployment) {
  const link = page.locator(`a[href="/deployments/${deployment.id}"]`).first();
  return until(`the board links ${deployment.id}`, () => link.isVisible(), 5_000);
}

story("what is merged appears on an open board without a reload", async ({ stage, browser }) => {
  const harbour = await stage({ site: { live: { how: direct } } });
  const page = await watching(await browser(), harbour);
  const deployment = await harbour.arrives("site/live", harbour.merge("site", "Say what a ferry costs"));
  await shows(page, deployment);
  assert.ok(await page.evaluate(() => globalThis.sameDocument), "the page was loaded again");
  assert.deepEqual(page.trouble, []);
});

story("what somebody asks for appears on an open board without a reload", async ({ stage, browser }) => {
  const harbour = await stage({ shop: { test: { how: checked, on: "command" } } });
  const page = await watching(await browser(), harbour);
  harbour.sendo(["deploy", "shop", "test", "main"]);
  await shows(page, await harbour.waits("shop/test", "checks"));
  assert.ok(await page.evaluate(() => globalThis.sameDocument), "the page was loaded again");
});

story("who goes through an open board with the keyboard keeps their place when it changes", async ({ stage, browser }) => {
  const harbour = await stage({ site: { live: { how: direct } }, shop: { test: { how: checked } } });
  await harbour.arrives("site/live", harbour.merge("site", "Say what a ferry costs"));
  const page = await watching(await browser(), harbour);
  const stops = page.locator("main a[href], main button, main input");
  const focused = () => page.evaluate(() => {
    const { tagName, name, textContent } = document.activeElement;
    return [tagName, name, document.activeElement.getAttribute("href"), textContent.trim()].join(" ");
  });
  for (let place = 0, count = await stops.count(); place < count; place += 1) {
    await stops.nth(place).focus();
    const before = await focused();
    await page.evaluate(() => (document.querySelector("main").isOld = true));
    harbour.sendo(place % 2 ? ["unlock", "shop/test"] : ["lock", "shop/test", "--reason", "the auditors are here"]);
    await until("the page has changed", () => page.evaluate(() => !document.querySelector("main").isOld));
    // What was unlocked meanwhile has no link that says so.
    if (!before.endsWith("locked")) assert.equal(await focused(), before);
  }
});

story("a board without its server says so, and catches up when the server is back", async ({ stage, browser }) => {
  const harbour = await stage({ site: { live: { how: direct } } });
  const page = await watching(await browser(), harbour);
  await harbour.stop();
  await until("the page says that it is not live", async () => (await status(page)) !== page.live);
  const revision = harbour.merge("site", "Nobody listens");
  await harbour.serve();
  await until("the page says that it is live", async () => (await status(page)) === page.live);
  await shows(page, await harbour.arrives("site/live", revision));
  assert.ok(await page.evaluate(() => globalThis.sameDocument), "the page was loaded again");
});

/** Says to a page that its tab is shown or not: without a screen, Chromium shows them all. */
const turn = (page, hidden) => page.evaluate((hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}, hidden);

story("a seventh tab loads beside six that nobody looks at, which catch up when shown", async ({ stage, browser }) => {
  const harbour = await stage({ site: { live: { how: direct } } });
  const first = await watching(await browser(), harbour);
  await turn(first, true);
  for (let count = 2; count <= 7; count += 1) {
    const page = await first.context().newPage();
    await page.goto(harbour.url, { timeout: 5_000 });
    await until("the page is live", async () => (await status(page)) === first.live);
    await turn(page, true);
  }
  const deployment = await harbour.arrives("site/live", harbour.merge("site", "Say what a ferry costs"));
  await turn(first, false);
  await shows(first, deployment);
});

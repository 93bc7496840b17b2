// Every page, light and dark, wide and narrow: nothing that axe, the console or the policy complains
// about, and nothing that stands out at the side.

import assert from "node:assert/strict";
import { checked, direct, overhang, picture, story, violations } from "./stage.mjs";

const HARBOUR = {
  shop: { test: { how: checked }, production: { how: checked, after: "test", approval: { people: 1 } } },
  site: { live: { how: direct } },
};

/** A board with something that runs, something that waits and something that never was. */
async function busy(stage) {
  const harbour = await stage(HARBOUR);
  const site = harbour.merge("site", "Say what a ferry costs");
  harbour.merge("shop", "Show delivery dates in the cart (#12)");
  await harbour.arrives("site/live", site);
  harbour.waiting = await harbour.waits("shop/test", "checks");
  return harbour;
}

const PAGES = {
  board: { path: () => "/", status: 200 },
  deployment: { path: (harbour) => `/deployments/${harbour.waiting.id}`, status: 200 },
  unknown: { path: () => "/nothing/here", status: 404 },
  refused: { path: () => "/deployments/%FF/test/1", status: 400 },
};

for (const [name, { path, status }] of Object.entries(PAGES)) {
  story(`the ${name} page is sound in every light and width`, async ({ stage, browser }) => {
    const [harbour, chromium] = [await busy(stage), await browser()];
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [1280, 360]) {
        const page = await chromium.open(harbour.url + path(harbour), { colorScheme, width });
        const seen = `${name}-${colorScheme}-${width}`;
        await picture(page, seen);
        assert.equal(page.answer.status(), status, seen);
        assert.deepEqual(await violations(page), [], seen);
        assert.deepEqual(page.trouble, [], seen);
        assert.equal(await overhang(page), 0, seen);
      }
    }
  });
}

// People who read without scripts, with the keyboard alone, or in another language; and people whom
// somebody else's page would make act.

import assert from "node:assert/strict";
import { picture, stops, text, violations } from "./page.mjs";
import { harbourPages, story } from "./stage.mjs";

story("without scripts every page reads the same", async ({ stage, browser }) => {
  const [paths, chromium] = [await harbourPages(stage), await browser()];
  for (const [name, url] of Object.entries(paths)) {
    const alive = await chromium.open(url);
    if (await alive.locator("main[data-events]").count()) await alive.refreshed;
    const still = await chromium.open(url, { javaScriptEnabled: false });
    assert.equal(await text(still), await text(alive), name);
    assert.ok((await text(still)).length > 60, name);
  }
});

story("with the keyboard alone every link is reached, seen and followed", async ({ stage, browser }) => {
  const { board, deployment } = await harbourPages(stage);
  const chromium = await browser();
  const page = await chromium.open(board);
  await page.refreshed;
  const hrefs = (links) => links.map((link) => link.getAttribute("href"));
  const links = await page.getByRole("link").evaluateAll(hrefs);
  const reached = await stops(page);
  assert.deepEqual(reached.filter(({ visible }) => !visible), [], "stops that cannot be seen");
  assert.deepEqual(links.filter((link) => !reached.some(({ href }) => href === link)), [], "links out of reach");
  const again = await chromium.open(board);
  await again.refreshed;
  for (const { href } of reached) {
    await again.keyboard.press("Tab");
    if (deployment.endsWith(href)) break;
  }
  await again.keyboard.press("Enter");
  await again.waitForURL(deployment);
});

for (const [locale, lang, words] of [["en-GB", "en", /^[^ぁ-んァ-ヶ]+$/], ["ja-JP", "ja", /[ぁ-ん]/]]) {
  story(`every page speaks to a reader of ${lang}`, async ({ stage, browser }) => {
    const [paths, chromium] = [await harbourPages(stage), await browser()];
    for (const [name, url] of Object.entries(paths)) {
      const page = await chromium.open(url, { locale });
      await picture(page, `${name}-${lang}`);
      assert.equal(await page.locator("html").getAttribute("lang"), lang, name);
      assert.match(await page.getByRole("main").innerText(), words, name);
      assert.deepEqual(await violations(page), [], name);
    }
  });
}

/** A form that asks for a deployment in JSON, as far as a form can. */
const form = (target) =>
  `<form method=post enctype=text/plain action="${target}"><button>Win</button>
   <input name='{"application":"site","environment":"live","reference":"' value='main"}'></form>`;

for (const host of ["127.0.0.1", "localhost"]) {
  story(`a form on a page of another origin at ${host} deploys nothing`, async ({ stage, browser, elsewhere }) => {
    const { board } = await harbourPages(stage);
    const before = await (await fetch(`${board}api/v1/deliveries`)).json();
    const page = await (await browser()).open(await elsewhere(form(`${board}api/v1/deployments`), host));
    const [answer] = await Promise.all([page.waitForResponse(/deployments/), page.getByRole("button").click()]);
    assert.equal(answer.status(), 403);
    assert.equal((await answer.json()).error.reason_code, "cross_origin");
    assert.deepEqual(await (await fetch(`${board}api/v1/deliveries`)).json(), before);
  });
}

// People who read without scripts, with the keyboard alone, or in another language; and people whom
// somebody else's page would make act.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { harbourPages, picture, stops, story, text, violations } from "./stage.mjs";

story("without scripts every page reads the same", async ({ stage, browser }) => {
  const [paths, chromium] = [await harbourPages(stage), await browser()];
  for (const [name, url] of Object.entries(paths)) {
    const alive = await chromium.open(url);
    await alive.refreshed;
    const still = await chromium.open(url, { javaScriptEnabled: false });
    assert.equal(await text(still), await text(alive), name);
    assert.match(await text(still), /船頭 Sendo .{40}/, name);
  }
});

story("with the keyboard alone every link is reached, seen and followed", async ({ stage, browser }) => {
  const { board, deployment } = await harbourPages(stage);
  const page = await (await browser()).open(board);
  await page.refreshed;
  const links = await page.getByRole("link").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  const reached = await stops(page);
  assert.deepEqual(reached.filter(({ visible }) => !visible), [], "stops that cannot be seen");
  assert.deepEqual(links.filter((link) => !reached.some(({ href }) => href === link)), [], "links that cannot be reached");
  await page.locator(`a[href="${new URL(deployment).pathname}"]`).first().focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(deployment);
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

/** A page of somebody else on another port of this machine, whose form asks for a deployment. */
async function elsewhere(target, host) {
  const form = `<form method=post enctype=text/plain action="${target}"><input name='{"application":"site","environment":"live","x":"' value='"}'><button>Win</button></form>`;
  const server = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(form)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { url: `http://${host}:${server.address().port}/`, end: () => server.close() };
}

for (const host of ["127.0.0.1", "localhost"]) {
  story(`a form on a page of another origin at ${host} deploys nothing`, async ({ stage, browser }) => {
    const { board } = await harbourPages(stage);
    const before = await (await fetch(`${board}api/v1/deliveries`)).json();
    const other = await elsewhere(`${board}api/v1/deployments`, host);
    const page = await (await browser()).open(other.url);
    const [answer] = await Promise.all([page.waitForResponse(/deployments/), page.getByRole("button").click()]);
    other.end();
    assert.equal(answer.status(), 403);
    assert.equal((await answer.json()).error.reason_code, "cross_origin");
    assert.deepEqual(await (await fetch(`${board}api/v1/deliveries`)).json(), before);
  });
}

// Every page, light and dark, wide and narrow: nothing that axe, the console or the policy complains
// about, and nothing that stands out at the side.

import assert from "node:assert/strict";
import { intruders, overhang, picture, stops, violations } from "./page.mjs";
import { harbourPages, story, until } from "./stage.mjs";

/** A page with every fault that the stories look for. */
const FAULTY = `<title>Faults</title><style>a:focus { outline: none }</style>
  <p style="color: #ccc; width: 5000px">pale and wide</p><a href="/">unseen</a>
  <script src="/nowhere.js"></script><img src="http://127.0.0.1:9/leak">`;

story("a page with every fault is found out", async ({ browser, elsewhere }) => {
  const policy = { "content-security-policy": "script-src 'none'; style-src 'unsafe-inline'" };
  const page = await (await browser()).open(await elsewhere(FAULTY, "127.0.0.1", policy));
  const found = (await violations(page)).join();
  for (const rule of ["color-contrast", "html-has-lang", "image-alt"]) assert.ok(found.includes(rule), rule);
  await page.evaluate(() => alert("here"));
  const troubles = [/^dialog: here/, /^violation: script-src/, /^console: .*Security Policy/, /^request to .*leak/];
  for (const trouble of troubles)
    await until(trouble, async () => page.trouble.some((what) => trouble.test(what)));
  assert.ok((await overhang(page)) > 3_000);
  assert.equal((await intruders(page)).length, 4);
  assert.deepEqual(await stops(page), [{ href: "/", visible: false }]);
});

const STATUS = { board: 200, deployment: 200, diff: 200, unknown: 404, refused: 400 };

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 360]) {
    story(`every page is sound when it is ${colorScheme} and ${width} px wide`, async ({ stage, browser }) => {
      const [paths, chromium] = [await harbourPages(stage), await browser()];
      for (const [name, url] of Object.entries(paths)) {
        const page = await chromium.open(url, { colorScheme, width });
        await picture(page, `${name}-${colorScheme}-${width}`);
        assert.equal(page.answer.status(), STATUS[name], name);
        assert.deepEqual(await violations(page), [], name);
        assert.deepEqual(page.trouble, [], name);
        assert.equal(await overhang(page), 0, name);
      }
    });
  }
}

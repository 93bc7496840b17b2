// Every page, light and dark, wide and narrow: nothing that axe, the console or the policy complains
// about, and nothing that stands out at the side.

import assert from "node:assert/strict";
import { harbourPages, overhang, picture, story, violations } from "./stage.mjs";

const STATUS = { board: 200, deployment: 200, unknown: 404, refused: 400 };

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

// When a page is painted first: `node paint.mjs URL` prints the median, in milliseconds after it was
// asked for. Run by `cargo xtask bench board`.

import assert from "node:assert/strict";
import { Browser } from "./page.mjs";

const TIMES = 7;

const browser = await Browser.start();
const painted = [];
try {
  for (let time = 0; time < TIMES; time += 1) {
    const page = await browser.open(process.argv[2]);
    const seen = () =>
      new Promise((tell) =>
        new PerformanceObserver((list) => {
          const [first] = list.getEntriesByName("first-contentful-paint");
          if (first) tell(first.startTime);
        }).observe({ type: "paint", buffered: true }));
    const at = await page.evaluate(seen);
    assert.ok(at > 0, "nothing was painted");
    painted.push(at);
    await page.context().close();
  }
} finally {
  await browser.end();
}
console.log(painted.sort((one, other) => one - other)[Math.floor(TIMES / 2)].toFixed(1));

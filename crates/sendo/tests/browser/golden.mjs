// Pictures that are committed: a page with fixed moments, spans and hashes, and the picture of it that
// somebody looked at and found good.
//
// SENDO_GOLDENS=update takes them anew; look at each before you commit it. The browser is Debian's, and
// so are the fonts: others draw other pixels.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { modules, told } from "./page.mjs";

const { PNG } = modules("pngjs");
const { default: pixelmatch } = await import(pathToFileURL(modules.resolve("pixelmatch")).href);

const FOLDER = fileURLToPath(new URL("goldens/", import.meta.url));
/** How many pixels may differ: less than a letter has. */
const MOST = 12;

/** Puts fixed words in the place of what differs from one run to the next. */
async function still(page) {
  await page.evaluate(() => {
    const hashes = new Map();
    // A fixed one for each in the order they come, so that what was the same stays the same.
    const hash = (seen) => {
      const short = seen.slice(0, 7);
      if (!hashes.has(short)) hashes.set(short, ((hashes.size + 3) * 0x9e3779b1).toString(16).slice(-7));
      return hashes.get(short).repeat(10).slice(0, seen.length);
    };
    const fixed = (text) =>
      text
        .replace(/^after \d+ (s|min)$/, "")
        .replace(/\b\d+ (s|min)\b/g, "2 min")
        .replace(/\d{4}-\d\d-\d\d/g, "2026-04-01")
        .replace(/\d\d:\d\d(:\d\d)?/g, (_, seconds) => (seconds ? "10:52:57" : "10:52"))
        .replace(/[^\s"]*\/sendo-browser-\w+/g, "/srv/git")
        .replace(/\bjust now\b/g, "2 min ago")
        .replace(/\b[0-9a-f]{7,64}\b/g, hash);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) walker.currentNode.data = fixed(walker.currentNode.data);
  });
}

/** Compares a page with the picture of this name, or takes the picture. */
export async function golden(page, name) {
  await still(page);
  const now = PNG.sync.read(await page.screenshot({ fullPage: true, animations: "disabled" }));
  const seen = PNG.sync.write(now, { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 });
  const file = join(FOLDER, `${name}.png`);
  if (process.env.SENDO_GOLDENS === "update") return writeFileSync(file, seen);
  const taken = join(told("SENDO_BROWSER_PICTURES"), `golden-${name}`);
  const again = "SENDO_GOLDENS=update cargo xtask test --only browser takes it anew";
  writeFileSync(`${taken}.png`, seen);
  assert.ok(existsSync(file), `${file} does not exist; ${again}`);
  const good = PNG.sync.read(readFileSync(file));
  const { width, height } = good;
  const size = `it is ${now.width} x ${now.height} and was ${width} x ${height}`;
  assert.ok(now.width === width && now.height === height, `${name}: ${size}: ${taken}.png; ${again}`);
  const difference = new PNG({ width, height });
  const pixels = pixelmatch(good.data, now.data, difference.data, width, height, { threshold: 0.1 });
  if (pixels > MOST) writeFileSync(`${taken}-difference.png`, PNG.sync.write(difference));
  assert.ok(pixels <= MOST, `${name}: ${pixels} pixels differ: ${taken}-difference.png; ${again}`);
}

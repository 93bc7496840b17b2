// A real Chromium, and what can be seen in it: what goes wrong, what stands there, where Tab stops.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** What the suite tells its stories by their environment. */
export const told = (name) => process.env[name] ?? assert.fail(`${name} is not set: cargo xtask test --only browser`);

const PICTURES = told("SENDO_BROWSER_PICTURES");
export const modules = createRequire(join(told("SENDO_BROWSER_MODULES"), "package.json"));
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({ executablePath: told("SENDO_BROWSER_CHROMIUM") });
    return browser;
  }

  end() {
    return this.chromium.close();
  }

  /** Opens an address in a window of its own, and notes whatever goes wrong in it. */
  async open(url, { width = 1280, ...options } = {}) {
    const context = await this.chromium.newContext({ viewport: { width, height: 800 }, locale: "en-GB", ...options });
    const page = await context.newPage();
    page.trouble = [];
    const note = (what) => page.trouble.push(what);
    page.on("dialog", (dialog) => (note(`dialog: ${dialog.message()}`), dialog.dismiss()));
    page.on("pageerror", (error) => note(`error: ${error.message}`));
    page.on("console", (line) => {
      // That the page's own address is refused is what a story about a refusal is about.
      const itself = line.location().url === page.url() && /the server responded with a status of 4/.test(line.text());
      if (["error", "warning"].includes(line.type()) && !itself) note(`console: ${line.text()}`);
    });
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== new URL(url).origin) note(`request to ${request.url()}`);
    });
    if (options.javaScriptEnabled !== false) {
      await page.exposeBinding("noteViolation", (_, what) => note(`violation: ${what}`));
      await page.addInitScript(() =>
        document.addEventListener("securitypolicyviolation", (seen) =>
          globalThis.noteViolation(`${seen.effectiveDirective} ${seen.blockedURI} ${seen.sample}`)),
      );
    }
    // An open page fetches itself once as soon as it listens.
    const itself = (request) => ["xhr", "fetch"].includes(request.resourceType());
    page.refreshed = page.waitForEvent("requestfinished", itself);
    page.refreshed.catch(() => {});
    page.answer = await page.goto(url, { waitUntil: "load" });
    return page;
  }
}

/**
 * Shows the page's address as it is now. Where a form led here its own answer may still be on its way in,
 * and Chromium refuses to load again what is not there yet: that has to be over first.
 */
export async function again(page) {
  await page.waitForLoadState("load");
  await page.goto(page.url());
}

/** What axe has to say against a page, in words. */
export async function violations(page) {
  await page.evaluate(axe);
  const run = (values) => globalThis.axe.run({ runOnly: { type: "tag", values } });
  const { violations } = await page.evaluate(run, WCAG);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")} ${failureSummary}`),
  );
}

/** How many pixels of the page stand out at its right. */
export function overhang(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** What a person reads, without what differs from one moment to the next: times, spans, and whether it is live. */
export async function text(page) {
  const words = await page.locator("body").evaluate((body) => {
    const copy = body.cloneNode(true);
    for (const passing of copy.querySelectorAll("time, script, [role=status]")) passing.remove();
    const walker = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
    const words = [];
    while (walker.nextNode()) words.push(walker.currentNode.data);
    return words.join(" ");
  });
  return words.replace(/\b\d+ (s|min|h)\b/g, "a while").replace(/\s+/g, " ").trim();
}

/** Elements that no page of ours has: scripts but the one, frames, forms, handlers, addresses that run. */
export function intruders(page) {
  return page.evaluate(() => {
    const foreign =
      "script:not([src='/assets/sendo.js']), iframe, object, embed, base, style, video, audio, marquee, " +
      "img:not([src^='/assets/']), form:not([action^='/']), meta[http-equiv], link:not([href^='/'])";
    const acts = ({ name, value }) =>
      /^on|^style$|^srcdoc$/i.test(name) || /^\s*(javascript|data|vbscript):/i.test(value);
    return [...document.querySelectorAll("*")]
      .filter((element) => element.matches(foreign) || [...element.attributes].some(acts))
      .map((element) => element.outerHTML.slice(0, 200));
  });
}

/** Goes through the page with Tab alone: every link it stops at, and whether one can see that it does. */
export async function stops(page) {
  const stops = [];
  for (let pressed = 0; pressed < 100; pressed += 1) {
    await page.keyboard.press("Tab");
    const focused = page.locator(":focus");
    if ((await focused.count()) === 0 || (await focused.evaluate((element) => element === document.body))) break;
    const { x, y, width, height } = await focused.boundingBox();
    const clip = { x: Math.max(0, x - 8), y: Math.max(0, y - 8), width: width + 16, height: height + 16 };
    const look = () => page.screenshot({ clip, animations: "disabled" });
    const [href, after] = [await focused.getAttribute("href"), await look()];
    // Where the next Tab goes on from stays the same.
    await focused.evaluate((element) => element.blur());
    stops.push({ href, visible: !after.equals(await look()) });
  }
  return stops;
}

/** Keeps a picture for people to look at. */
export function picture(page, name) {
  return page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true, animations: "disabled" });
}

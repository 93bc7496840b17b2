// A folder with bare repositories and a configuration, the real `sendo serve` on it, and a real
// Chromium that looks at its pages. Whatever a story starts here ends with it, by its id.
//
// `cargo xtask test --only browser` says where the program, Chromium and the modules are.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

const told = (name) => process.env[name] ?? assert.fail(`${name} is not set: cargo xtask test --only browser`);
const PROGRAM = told("SENDO_BROWSER_PROGRAM");
const PICTURES = told("SENDO_BROWSER_PICTURES");
const modules = createRequire(join(told("SENDO_BROWSER_MODULES"), "package.json"));
const { chromium } = modules("playwright-core");
const axe = readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");

/** Within this something happens, or a story has failed. */
const LONGEST = 30_000;
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** A test with a stage and a browser of its own; both are gone when it ends, however it ends. */
export function story(name, tell) {
  test(name, { timeout: 120_000 }, async (t) => {
    const ends = [];
    t.after(async () => {
      for (const end of ends.reverse()) await end();
    });
    const keep = (thing) => (ends.push(() => thing.end()), thing);
    await tell({
      stage: (applications) => Stage.set(applications, keep),
      browser: async () => keep(await Browser.start()),
    });
  });
}

/** Looks again and again until `look` gives something; says what it waited for if it never does. */
export async function until(what, look, longest = LONGEST) {
  const end = Date.now() + longest;
  for (let last = "nothing"; ; await pause(40)) {
    const seen = await look().catch((error) => ((last = error.message), undefined));
    if (seen) return seen;
    if (Date.now() > end) assert.fail(`in vain, for ${longest} ms: ${what}; the last error: ${last}`);
  }
}

/** What this process started, so that not even a signal leaves it behind. */
const alive = new Set();
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.once(signal, () => process.exit(1));
process.once("exit", () => {
  for (const { server, folder } of alive) {
    server?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A lane whose commits go to the base at once, or to a change request that needs checks or people. */
export const direct = { mode: "commit" };
export const checked = { checks: ["ci"] };

class Stage {
  /** `applications` is a map of names to environments, as in a configuration, with `how` for the way. */
  static async set(applications, keep) {
    const stage = new Stage();
    const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
    stage.folder = mkdtempSync(join(place, "sendo-browser-"));
    alive.add(keep(stage));
    stage.port = await freePort();
    const files = {};
    const resolved = {};
    for (const [application, environments] of Object.entries(applications)) {
      resolved[application] = { repository: `here:${application}`, environments: {} };
      for (const [environment, { how, ...rules }] of Object.entries(environments)) {
        const kustomization = `${application}/${environment}`;
        files[`${kustomization}/kustomization.yaml`] = `kind: Kustomization\nimages:\n  - name: app\n    newTag: "0000000"\n`;
        const edits = [{ kustomization, image: "app", tag: "{sha}" }];
        const promotion = { repository: "here:manifests", base: "main", edits, ...how };
        const on = { merged_into: "main" };
        resolved[application].environments[environment] = { on, deliver: { promotion }, ...rules };
      }
      stage.repository(application, { "README.md": "# It sells things.\n" });
    }
    stage.repository("manifests", files);
    stage.configuration = {
      server: { listen: `127.0.0.1:${stage.port}`, database: "sqlite:sendo.db" },
      forges: { here: { kind: "local", root: "." } },
      applications: resolved,
    };
    // JSON is YAML.
    writeFileSync(join(stage.folder, "sendo.yaml"), JSON.stringify(stage.configuration, null, 2));
    await stage.serve();
    await until("the first look", async () => Object.values(await stage.get("/api/v1/backlog")).every((n) => n === 0));
    return stage;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  clone(name) {
    return join(this.folder, "clones", name);
  }

  repository(name, files) {
    this.git(this.folder, "setup", "init", "-q", "--bare", "--initial-branch=main", `${name}.git`);
    this.git(this.folder, "setup", "init", "-q", "--initial-branch=main", this.clone(name));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.clone(name), path)), { recursive: true });
      writeFileSync(join(this.clone(name), path), text);
    }
    this.git(this.clone(name), "setup", "add", "--all");
    this.commit(name, "Begin");
    this.push(name, "refs/heads/main");
  }

  git(within, who, ...args) {
    const env = { PATH: process.env.PATH, HOME: this.folder, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" };
    for (const role of ["AUTHOR", "COMMITTER"]) {
      env[`GIT_${role}_NAME`] = who;
      env[`GIT_${role}_EMAIL`] = "somebody@example.com";
    }
    const ended = spawnSync("git", args, { cwd: within, env, encoding: "utf8" });
    assert.equal(ended.status, 0, `git ${args.join(" ")}: ${ended.stderr}`);
    return ended.stdout.trim();
  }

  /** A commit in the clone, titled as given, whatever the title is; gives its revision. */
  commit(name, title, who = "mei") {
    this.git(this.clone(name), who, "commit", "-q", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim", "-m", title);
    return this.git(this.clone(name), who, "rev-parse", "HEAD");
  }

  push(name, ...references) {
    const bare = join(this.folder, `${name}.git`);
    this.git(this.clone(name), "setup", "push", "-q", bare, ...references.map((reference) => `HEAD:${reference}`));
  }

  /** What git makes of an author's name. */
  author(name) {
    return this.git(this.folder, name, "var", "GIT_AUTHOR_IDENT").replace(/ <somebody@.*$/s, "");
  }

  /** Somebody merges into `main`; gives the revision. */
  merge(name, title, who) {
    const revision = this.commit(name, title, who);
    this.push(name, "refs/heads/main");
    return revision;
  }

  /** Runs the command line and insists that it works; gives what it printed. */
  sendo(args, env = {}) {
    const base = { PATH: process.env.PATH, HOME: this.folder, USER: "mei", SENDO_CONFIG: "sendo.yaml", ...env };
    const ended = spawnSync(PROGRAM, args, { cwd: this.folder, env: base, encoding: "utf8" });
    assert.equal(ended.status, 0, `sendo ${args.join(" ")}: ${ended.stderr}`);
    return ended.stdout.trim();
  }

  /** Somebody asks for a deployment, with a token of their own. */
  ask(principal, application, environment, reference) {
    const secret = this.sendo(["token", "create", "theirs", "--for", principal, "--scope", "deploy"]);
    this.sendo(["deploy", application, environment, reference], { SENDO_TOKEN: secret });
  }

  async serve() {
    const env = { PATH: process.env.PATH, HOME: this.folder };
    const log = join(this.folder, "serve.log");
    this.server = spawn(PROGRAM, ["serve", "--config", "sendo.yaml"], { cwd: this.folder, env, stdio: ["ignore", "ignore", "pipe"] });
    this.server.stderr.pipe(createWriteStream(log, { flags: "a" }));
    this.server.ended = new Promise((resolve) => this.server.once("exit", resolve));
    const { server } = this;
    await until("the server answers", async () => {
      assert.equal(server.exitCode, null, `the server ended: ${existsSync(log) && readFileSync(log, "utf8")}`);
      return (await fetch(`${this.url}/readyz`)).ok;
    });
  }

  /** Asks the server to end, and waits for it. */
  async stop() {
    const late = setTimeout(() => this.server.kill("SIGKILL"), LONGEST);
    this.server.kill("SIGTERM");
    await this.server.ended;
    clearTimeout(late);
  }

  async end() {
    if (this.server) await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
    alive.delete(this);
  }

  async get(path) {
    const answer = await fetch(this.url + path, { signal: AbortSignal.timeout(5_000) });
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  }

  async lane(name) {
    const { lanes } = await this.get("/api/v1/board");
    return lanes.find(({ lane }) => `${lane.application}/${lane.environment}` === name);
  }

  /** Waits until the lane runs the revision; gives the deployment. */
  arrives(lane, revision) {
    return until(`${lane} runs ${revision}`, async () => {
      const { running } = await this.lane(lane);
      return running?.revision === revision && running;
    });
  }

  /** Waits until what moves in the lane waits for checks or people; gives the deployment. */
  waits(lane, what) {
    return until(`${lane} waits for ${what}`, async () => {
      const { moving } = await this.lane(lane);
      return moving?.waiting?.for === what && moving;
    });
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

class Browser {
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
    page.refreshed = page.waitForEvent("requestfinished", (request) => ["xhr", "fetch"].includes(request.resourceType()));
    page.refreshed.catch(() => {});
    page.answer = await page.goto(url, { waitUntil: "load" });
    return page;
  }
}

/** The addresses of every kind of page, on a stage where something runs, something waits and something never was. */
export async function harbourPages(stage) {
  const harbour = await stage({
    shop: { test: { how: checked }, production: { how: checked, after: "test", approval: { people: 1 } } },
    site: { live: { how: direct } },
  });
  const site = harbour.merge("site", "Say what a ferry costs");
  harbour.merge("shop", "Show delivery dates in the cart (#12)", "青井 海");
  await harbour.arrives("site/live", site);
  const { id } = await harbour.waits("shop/test", "checks");
  const paths = { board: "/", deployment: `/deployments/${id}`, unknown: "/nothing/here", refused: "/deployments/%FF/test/1" };
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, harbour.url + path]));
}

/** What axe has to say against a page, in words. */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: { type: "tag", values: tags } }), WCAG);
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.join(" ")} ${node.failureSummary}`));
}

/** How many pixels of the page stand out at its right. */
export function overhang(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** What a person reads, without what differs from one moment to the next: times, and whether it is live. */
export async function text(page) {
  let text = await page.locator("body").innerText();
  for (const passing of [page.getByRole("status"), page.locator("time")]) {
    for (const words of await passing.allInnerTexts()) text = text.replace(words, "");
  }
  return text.replace(/\s+/g, " ").trim();
}

/** Elements that no page of ours has: scripts but the one, frames, forms, handlers, addresses that run. */
export function intruders(page) {
  return page.evaluate(() => {
    const foreign = "script:not([src='/assets/sendo.js']), iframe, object, embed, form, input, base, style, img, video, audio";
    const acts = ({ name, value }) => /^on|^style$|^srcdoc$/i.test(name) || /^\s*(javascript|data|vbscript):/i.test(value);
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

// A story, and its stage: a folder with bare repositories and a configuration, and the real `sendo
// serve` on it. Whatever a story starts ends with it, by its id. What a browser sees is in page.mjs.
//
// `cargo xtask test --only browser` says where the program, Chromium and the modules are. Once it has
// run, one file alone (TARGET is the target folder):
//   SENDO_BROWSER_PROGRAM=TARGET/debug/sendo SENDO_BROWSER_CHROMIUM=/usr/bin/chromium \
//   SENDO_BROWSER_MODULES=TARGET/xtask/browser-modules SENDO_BROWSER_PICTURES=TARGET/xtask/browser \
//   node --test live.test.mjs

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Browser, told } from "./page.mjs";

const PROGRAM = told("SENDO_BROWSER_PROGRAM");

/** Within this something happens, or a story has failed. */
const LONGEST = 30_000;

/** A test with a stage and a browser of its own; both are gone when it ends, however it ends. */
export function story(name, tell) {
  test(name, { timeout: 120_000 }, async (t) => {
    const ends = [];
    t.after(() => Promise.all(ends.map((end) => end())));
    const keep = (thing) => (ends.push(() => thing.end()), thing);
    await tell({
      stage: (applications, ...more) => Stage.set(applications, keep, ...more),
      demo: () => demo(keep),
      browser: async () => keep(await Browser.start()),
      receiver: () => receiver(keep),
      elsewhere: (html, host = "127.0.0.1", headers = {}) => elsewhere(html, host, headers, keep),
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
  /** `applications` is a map of names to environments, as in a configuration, with `how` for the way; `more` is what
   * else the configuration says, and `beside` what lies beside it, by name. */
  static async set(applications, keep, more = {}, beside = {}) {
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
        files[`${kustomization}/kustomization.yaml`] = `kind: Kustomization\nimages: [{ name: app, newTag: "0" }]\n`;
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
      ...more,
    };
    for (const [name, text] of Object.entries(beside)) writeFileSync(join(stage.folder, name), text);
    // JSON is YAML.
    writeFileSync(join(stage.folder, "sendo.yaml"), JSON.stringify(stage.configuration, null, 2));
    await stage.serve();
    const atRest = async () => Object.values(await stage.get("/api/v1/backlog")).every((count) => count === 0);
    await until("the first look", atRest);
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
      // The same story makes the same commits.
      env[`GIT_${role}_DATE`] = "2026-04-01T10:52:57Z";
    }
    const ended = spawnSync("git", args, { cwd: within, env, encoding: "utf8" });
    assert.equal(ended.status, 0, `git ${args.join(" ")}: ${ended.stderr}`);
    return ended.stdout.trim();
  }

  /** A commit in the clone, titled as given, whatever the title is; gives its revision. */
  commit(name, title, who = "mei") {
    const options = ["--quiet", "--allow-empty", "--allow-empty-message", "--cleanup=verbatim"];
    this.git(this.clone(name), who, "commit", ...options, "-m", title);
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
    const options = { cwd: this.folder, env, stdio: ["ignore", "ignore", "pipe"] };
    this.server = spawn(PROGRAM, ["serve", "--config", "sendo.yaml"], options);
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

/** `sendo demo` in a folder of its own; gives a way to wait for what it prints. */
async function demo(keep) {
  const folder = mkdtempSync(join(tmpdir(), "sendo-browser-"));
  const env = { PATH: process.env.PATH, HOME: folder, USER: "aoi", TMPDIR: folder, LANG: "C.UTF-8" };
  const server = spawn(PROGRAM, ["demo"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const started = { server, folder };
  alive.add(started);
  const end = async () => {
    server.kill("SIGINT");
    await ended;
    rmSync(folder, { recursive: true, force: true });
    alive.delete(started);
  };
  keep({ end });
  let said = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (data) => (said += data));
  return (what) => until(`the demo prints ${what}`, async () => {
    assert.equal(server.exitCode, null, `the demo ended: ${said}`);
    return what.exec(said)?.[1];
  });
}

async function freePort() {
  const server = createSocket().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Something else that is told over HTTP and agrees to everything; gives its address and the JSON that came, by path. */
async function receiver(keep) {
  const came = {};
  const server = createServer(async (request, answer) => {
    const body = Buffer.concat(await request.toArray()).toString();
    (came[request.url] ??= []).push(JSON.parse(body));
    const said = { ok: true, channel: came[request.url].at(-1).channel, ts: `1795434000.${came[request.url].length}` };
    answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  keep({ end: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) });
  return { url: `http://127.0.0.1:${server.address().port}`, came };
}

/** A page that is not ours, on another port of this machine; gives its address. */
async function elsewhere(html, host, headers, keep) {
  const all = { "content-type": "text/html", ...headers };
  const server = createServer((_, answer) => answer.writeHead(200, all).end(html));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  keep({ end: () => (server.closeAllConnections(), server.close()) });
  return `http://${host}:${server.address().port}/`;
}

/** The addresses of every kind of page, on a stage where something runs, waits, or never was. */
export async function harbourPages(stage) {
  const harbour = await stage({
    shop: { test: { how: checked }, production: { how: checked, after: "test", approval: { people: 1 } } },
    site: { live: { how: direct } },
  });
  const site = harbour.merge("site", "Say what a ferry costs");
  harbour.merge("shop", "Show delivery dates in the cart (#12)", "青井 海");
  await harbour.arrives("site/live", site);
  const { id } = await harbour.waits("shop/test", "checks");
  const paths = {
    board: "/",
    deployment: `/deployments/${id}`,
    diff: `/deployments/${id}/diff`,
    unknown: "/nothing/here",
    refused: "/deployments/%FF/test/1",
  };
  return Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, harbour.url + path]));
}

// Whatever people write in commits, names and requests stays a text in a real browser: no dialog, no
// breach of the policy, no request elsewhere, no element that somebody brought in.

import assert from "node:assert/strict";
import { HOSTILE, NAMES, shown } from "./hostile.mjs";
import { intruders, text } from "./page.mjs";
import { direct, story } from "./stage.mjs";

async function assertHarmless(page) {
  assert.deepEqual(await intruders(page), []);
  assert.deepEqual(page.trouble, []);
}

story(`${HOSTILE.length} hostile titles and authors stay texts on their page`, async ({ stage, browser }) => {
  const harbour = await stage({ site: { live: { how: direct } } });
  const authors = HOSTILE.map((words) => harbour.author(`by ${words} end`));
  HOSTILE.forEach((words, at) => harbour.commit("site", words, authors[at]));
  const { id } = await harbour.arrives("site/live", harbour.merge("site", "The last"));
  const page = await (await browser()).open(`${harbour.url}/deployments/${id}`);
  const seen = await text(page);
  for (const words of [...HOSTILE, ...authors]) assert.ok(seen.includes(shown(words)), `not shown: ${shown(words)}`);
  await assertHarmless(page);
  await page.goto(harbour.url);
  await assertHarmless(page);
});

story("hostile branches, tags and principals are texts on every page that names them", async ({ stage, browser }) => {
  // In a configuration braces are variables.
  const names = NAMES.filter((name) => !/[{}$]/.test(name)).filter((_, at) => at % 3 === 0);
  const lanes = names.map((name, at) => [`e${at}`, { how: direct, on: { merged_into: name } }]);
  const harbour = await stage({ site: Object.fromEntries(lanes) });
  const page = await (await browser()).open(harbour.url);
  const merged = harbour.commit("site", "On every branch");
  harbour.push("site", ...names.map((name) => `refs/heads/${name}`));
  for (const at of names.keys()) await seenOn(page, harbour, `site/e${at}`, merged, [names[at]]);
  const tagged = harbour.commit("site", "Under every tag");
  harbour.push("site", ...names.map((name) => `refs/tags/v1${name}`));
  names.forEach((name, at) => harbour.ask(`local:${name}`, "site", `e${at}`, `v1${name}`));
  for (const at of names.keys())
    await seenOn(page, harbour, `site/e${at}`, tagged, [`v1${names[at]}`, `local:${names[at]}`]);
  await page.goto(harbour.url);
  await assertHarmless(page);
});

async function seenOn(page, harbour, lane, revision, words) {
  const { id } = await harbour.arrives(lane, revision);
  await page.goto(`${harbour.url}/deployments/${id}`);
  const seen = await text(page);
  for (const word of words) assert.ok(seen.includes(word), `${id} does not show ${word}`);
  await assertHarmless(page);
}

story("hostile addresses bring nothing into the pages that refuse them", async ({ stage, browser }) => {
  const harbour = await stage({ site: { live: { how: direct } } });
  const page = await (await browser()).open(harbour.url);
  for (const words of HOSTILE) {
    const part = encodeURIComponent(words.slice(0, 1_000));
    const answer = await page.goto(`${harbour.url}/deployments/${part}/live/1?next=${part}#${part}`);
    assert.equal(answer.status(), 404, words);
    await assertHarmless(page);
  }
});

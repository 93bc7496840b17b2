// A newcomer: somebody who types one command, knows nothing but what it prints, and approves what
// waits for a person on the page that the printed link leads to.

import assert from "node:assert/strict";
import { picture } from "./page.mjs";
import { story } from "./stage.mjs";

/** From the command to a success that somebody sees: as long as a newcomer gives a program. */
const PATIENCE = 120_000;

story("a newcomer approves a deployment to production with what the demo prints", async ({ demo, browser }) => {
  const began = performance.now();
  const printed = await demo();
  const link = await printed(/^\s*(http\S+\/sign-in\/once\/\S+)$/m);
  const page = await (await browser()).open(link);
  await page.getByRole("main").getByRole("button").click();
  const asks = page.getByRole("listitem").filter({ hasText: /production .* waits for a person/ });
  await asks.getByRole("link", { name: "waiting" }).click();
  await page.getByRole("button", { name: "Approve" }).click();
  // The open page follows what happens by itself.
  await page.getByRole("heading", { name: /shop\/production\/1 succeeded/ }).waitFor();
  const took = performance.now() - began;
  console.log(`from the command to the success: ${(took / 1000).toFixed(1)} s of ${PATIENCE / 1000} s`);
  assert.ok(took < PATIENCE, `${took} ms`);
  await picture(page, "demo");
  assert.deepEqual(page.trouble, []);
});

// What Slack is sent, judged by the types that Slack publishes for its own clients: a compiler that knows them refuses
// a block, a field or a value that they do not have.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { modules, told } from "./page.mjs";
import { direct, story, until } from "./stage.mjs";

const ts = modules("typescript");

/** What the compiler has to say against messages of a bot and of an incoming webhook. */
function complaints(bot, hook) {
  // Beside the modules, so that they are found.
  const file = join(told("SENDO_BROWSER_MODULES"), `slack-${process.pid}.ts`);
  writeFileSync(
    file,
    `import type { ChatPostMessageArguments } from "@slack/web-api";
     import type { IncomingWebhookSendArguments } from "@slack/webhook";
     export const bot: ChatPostMessageArguments[] = ${JSON.stringify(bot)};
     export const hook: IncomingWebhookSendArguments[] = ${JSON.stringify(hook)};`,
  );
  const { NodeNext } = ts.ModuleKind;
  const program = ts.createProgram([file], { noEmit: true, strict: true, skipLibCheck: true, types: [], module: NodeNext });
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}

story("what Slack is sent is what its own types allow", async ({ stage, receiver }) => {
  const slack = await receiver();
  const notices = [
    { name: "bot", slack: { api: `${slack.url}/api`, token: "${file:token}", channel: "C0123456789" } },
    { name: "hook", language: "ja", slack: { webhook: "${file:hook}" } },
  ];
  const production = { how: {}, after: "test", approval: { people: 1 } };
  const harbour = await stage({ shop: { test: { how: direct }, production } }, { notices }, { token: "xoxb-test", hook: `${slack.url}/hook` });
  harbour.merge("shop", "Greet <@U1> & <!channel> in the cart (#12)");
  const { id } = await harbour.waits("shop/production", "people");
  harbour.sendo(["cancel", id, "--reason", "wrong <b>branch</b>"]);
  const messages = await until("every turn is told to both", async () => {
    const shown = (id) => harbour.get(`/api/v1/deployments/${id}`);
    const rows = [await shown(id), await shown("shop/test/1")];
    const turns = rows.flatMap(({ timeline }) => timeline).length;
    const { "/api/chat.postMessage": bot = [], "/hook": hook = [] } = slack.came;
    return rows[0].deployment.state === "cancelled" && bot.length === turns && hook.length === turns && { bot, hook };
  });
  assert.ok(messages.bot.length >= 6, `${messages.bot.length} turns`);
  assert.deepEqual(complaints(messages.bot, messages.hook), []);
  // A judge that never complains is none.
  const odd = structuredClone(messages);
  odd.bot[0].blocks[0].type = "paragraph";
  odd.hook[0].blocks[0].text.type = "markdown";
  assert.equal(complaints(odd.bot, odd.hook).length, 2);
});

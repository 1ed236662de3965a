// A small Bolt app: a reply, a reaction, a file, a command, a shortcut, a button and a modal.
// With a signing secret it takes events over HTTP and says on which port, else over the socket.
"use strict";
const { App } = require("@slack/bolt");

const { APP_TOKEN: appToken, SIGNING_SECRET: signingSecret } = process.env;
const app = new App({
  token: process.env.BOT_TOKEN,
  ...(signingSecret ? { signingSecret } : { appToken, socketMode: true }),
  clientOptions: { slackApiUrl: process.env.API_URL, retryConfig: { retries: 0 } },
});
const text = (words) => ({ type: "plain_text", text: words });
const input = { type: "plain_text_input", action_id: "a" };
const modal = {
  type: "modal",
  callback_id: "one",
  title: text("One"),
  submit: text("Save"),
  blocks: [{ type: "input", block_id: "f", label: text("Field"), element: input }],
};
const button = { type: "button", action_id: "go", text: text("Go"), value: "7" };

app.message("hello", async ({ message, client, say }) => {
  const { channel, ts } = message;
  await say({ text: "R&D", thread_ts: ts, blocks: [{ type: "actions", elements: [button] }] });
  await client.reactions.add({ channel, timestamp: ts, name: "wave" });
  await client.filesUploadV2({ channel_id: channel, thread_ts: ts, content: "4711", filename: "key.txt" });
});

app.command("/open", async ({ ack, client, command, respond }) => {
  await ack();
  await client.views.open({ trigger_id: command.trigger_id, view: modal });
  await respond(`opened for <@${command.user_id}>`);
});

app.view("one", async ({ ack, view }) => {
  const { value } = view.state.values.f.a;
  if (value === "7") await ack();
  else await ack({ response_action: "errors", errors: { f: "seven, please" } });
});

app.action("go", async ({ ack, action, respond }) => {
  await ack();
  await respond({ text: `pressed ${action.value}`, replace_original: true });
});

app.shortcut("note", async ({ ack, respond, shortcut }) => {
  await ack();
  await respond(`noted: ${shortcut.message.text}`);
});

async function start() {
  if (!signingSecret) return void (await app.start());
  const server = await app.start({ host: "127.0.0.1", port: 0 });
  console.log(`port ${server.address().port}`);
}

start();

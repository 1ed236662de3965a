// The right side: a Slack that its users recognise.

import { body } from "./blocks.js";
import { avatar, byId, h, show, when } from "./dom.js";
import { attached, Attachment, takesPictures } from "./files.js";
import { did } from "./guide.js";
import { hint } from "./hints.js";
import { editPost, openMenu } from "./menu.js";
import { emoji } from "./mrkdwn.js";
import { send, tables } from "./store.js";
import { chooseYou, ui } from "./ui.js";
import { Windowed } from "./windowed.js";

const seen = new Map();
const channelPosts = new Windowed(byId("posts"));
const threadPosts = new Windowed(byId("replies"));
const time = (ts) => new Date(Number(ts) * 1000);
const byTs = (a, b) => (a.ts < b.ts ? -1 : 1);
const visible = (post) => !post.only_for || post.only_for === ui.you;
export const act = (what, body) => send(`people/${encodeURIComponent(ui.you)}/${what}`, body);

function reaction(post, { name, users }) {
  const mine = users.includes(ui.you);
  const names = users.map((user) => tables.people[user]?.name ?? "bridgebot").join(", ");
  return h("button", {
    type: "button", class: "reaction", "aria-pressed": String(mine), title: `${names} · :${name}:`,
    onclick: () => act("reactions", { channel: post.channel, ts: post.ts, name, remove: mine }).catch(complain),
  }, emoji(name), ` ${users.length}`);
}

function press(post) {
  return (element, block, value) => act("actions", {
    channel: post.channel, ts: post.ts, action_id: element.action_id, block_id: block.block_id, value,
  }).catch(complain);
}

function complain(error) {
  byId("thread-problem").textContent = error.message;
}

function replyLine(data) {
  if (!data.replies) return null;
  const words = data.replies === 1 ? "1 reply" : `${data.replies} replies`;
  return h("button", { type: "button", class: "reply-line" + (data.fresh ? " fresh" : ""), onclick: () => openThread(data.channel, data.ts) },
    words, h("small", {}, data.fresh ? ` ${data.fresh} new · ` : " ", `last ${when(time(data.latest))}`));
}

function head(data) {
  return h("div", { class: "post-head" },
    h("b", {}, data.name), data.app && h("span", { class: "badge" }, "APP"),
    data.badge && h("span", { class: "badge soft" }, data.badge),
    h("time", { datetime: time(data.ts).toISOString() }, when(time(data.ts))),
    data.edited && h("span", { class: "edited" }, "(edited)"));
}

function post(data) {
  const more = data.only_for ? null : h("button", {
    type: "button", class: "more", "aria-haspopup": "menu", "aria-label": `Actions for the message of ${data.name}`,
    onclick: (event) => openMenu(event.currentTarget, data, openThread),
  }, "⋯");
  return h("li", { class: "post" + (data.only_for ? " ephemeral" : "") + (data.current ? " current" : "") },
    avatar(data.name, { app: data.app && !data.custom }),
    h("div", { class: "post-main" },
      data.only_for && h("p", { class: "only" }, "Only visible to you"),
      head(data), body(data, press(data)),
      attached(data.files),
      data.reactions?.length ? h("div", { class: "reactions" }, data.reactions.map((r) => reaction(data, r))) : null,
      replyLine(data)),
    more);
}

export function openThread(channel, ts) {
  ui.channel = channel;
  ui.thread = ts;
  byId("slack").dataset.view = "thread";
  shown = { ...shown, thread: null };
  const root = tables.posts[`${channel}:${ts}`];
  if (root?.conversation_id) ui.guest = root.conversation_id;
  ui.redraw();
}

function summary(posts) {
  const result = new Map();
  for (const reply of posts) {
    if (!reply.thread_ts || reply.only_for) continue;
    const key = `${reply.channel}:${reply.thread_ts}`;
    const sum = result.get(key) ?? { replies: 0, latest: "" };
    sum.replies += 1;
    if (reply.ts > sum.latest) sum.latest = reply.ts;
    result.set(key, sum);
  }
  return result;
}

function lookAt(key, count) {
  const before = seen.get(key) ?? count;
  return Math.max(0, count - before);
}

function channelRow(data) {
  return h("li", {}, h("button", {
    type: "button", class: data.unread ? "unread" : "", "aria-current": data.current ? "true" : undefined,
    onclick: () => {
      ui.channel = data.id;
      ui.home = null;
      ui.thread = null;
      byId("slack").dataset.view = "channel";
      scrollToEnd();
      ui.redraw();
    },
  }, h("span", { "aria-hidden": "true" }, data.is_private ? "🔒 " : "# "), data.name,
  data.unread ? h("span", { class: "count", "aria-label": `${data.unread} unread` }, data.unread) : null));
}

function drawSide(posts) {
  const people = Object.values(tables.people).filter((person) => !person.app);
  ui.you = people.some((person) => person.id === ui.you) ? ui.you : people[0]?.id;
  const options = people.map((person) => ({ key: person.id, data: { id: person.id, text: `${person.name}, ${person.role}` } }));
  show(byId("you"), options, (data) => h("option", { value: data.id }, data.text));
  if (ui.you) byId("you").value = ui.you;
  byId("you-note").textContent = tables.people[ui.you]?.note ?? "";
  byId("workspace").textContent = tables.app.workspace ?? "Slack";
  const items = Object.values(tables.channels).map((channel) => {
    const count = posts.filter((p) => p.channel === channel.id && !p.only_for).length;
    if (!seen.has(channel.id) || (channel.id === ui.channel && !ui.home)) seen.set(channel.id, count);
    return { key: channel.id, data: { ...channel, current: channel.id === ui.channel && !ui.home, unread: lookAt(channel.id, count) } };
  });
  show(byId("channels"), items, channelRow);
}

let shown = { channel: null, thread: null };

function drawChannel(posts) {
  const channel = tables.channels[ui.channel];
  byId("channel-title").textContent = channel ? `# ${channel.name}` : "";
  byId("channel-sub").textContent = channel?.purpose ?? "";
  const sums = summary(posts);
  const items = posts.filter((p) => p.channel === ui.channel && !p.thread_ts && visible(p)).map((p) => {
    const sum = sums.get(p.key) ?? { replies: 0, latest: "" };
    if (!seen.has(p.key) || ui.thread === p.ts) seen.set(p.key, sum.replies);
    return { key: p.key, data: { ...p, ...sum, fresh: lookAt(p.key, sum.replies), current: ui.thread === p.ts } };
  });
  channelPosts.draw(items, post, shown.channel !== ui.channel);
  if (shown.thread !== ui.thread) channelPosts.reveal(`${ui.channel}:${ui.thread}`);
}

function drawThread(posts) {
  const root = tables.posts[`${ui.channel}:${ui.thread}`];
  byId("slack").classList.toggle("no-thread", !root);
  const conversation = tables.conversations[root?.conversation_id];
  byId("thread-sub").textContent = conversation ? conversation.guest : `#${tables.channels[ui.channel]?.name ?? ""}`;
  byId("thread-text").placeholder = conversation ? `Reply: ${conversation.guest} gets it` : "Reply in the thread";
  const list = posts.filter((p) => p.channel === ui.channel && visible(p) && (p.ts === ui.thread || p.thread_ts === ui.thread));
  const items = (root ? list : []).map((p) => ({ key: `t:${p.key}`, data: p }));
  threadPosts.draw(items, post, shown.thread !== ui.thread);
  byId("editing").hidden = !ui.editing;
  shown = { channel: ui.channel, thread: ui.thread };
}

/** Show the newest messages at the next drawing: a hidden list has no height to scroll by. */
export function scrollToEnd() {
  shown = { channel: null, thread: null };
}

export function drawSlack() {
  const posts = Object.values(tables.posts).sort(byTs);
  ui.channel ??= Object.keys(tables.channels)[0] ?? null;
  for (const one of Object.values(attachments)) one.offer(takesPictures());
  drawSide(posts);
  drawChannel(posts);
  drawThread(posts);
}

/** What a person wrote: `@Name` of somebody here becomes a mention, as Slack's own composer does. */
function withMentions(text) {
  let result = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(/(?<!^|\n)>/g, "&gt;");
  const people = Object.values(tables.people).sort((a, b) => b.name.length - a.name.length);
  for (const person of people) result = result.replaceAll(`@${person.name}`, `<@${person.id}>`);
  return result;
}

const attachments = {};

async function write(text, thread) {
  const attachment = attachments[thread ? "thread" : "channel"];
  if (attachment.file) {
    await attachment.send(`people/${encodeURIComponent(ui.you)}/pictures`, { channel: ui.channel, thread_ts: thread, text: withMentions(text) });
    return;
  }
  if (text.startsWith("/") && !text.startsWith("//")) {
    if (thread) throw new Error("Slack takes slash commands in the channel, not in a thread.");
    const [command, ...rest] = text.split(" ");
    await act("commands", { channel: ui.channel, command, text: rest.join(" ") });
    return;
  }
  await act("messages", { channel: ui.channel, thread_ts: thread, text: withMentions(text) });
}

async function reply(text) {
  if (!ui.editing) {
    await write(text, ui.thread);
    const about = tables.posts[`${ui.channel}:${ui.thread}`]?.conversation_id;
    return about && did(/^\s*(\/\/|note:)/i.test(text) ? "noted" : "answered");
  }
  const { channel, ts } = ui.editing;
  ui.editing = null;
  await act("edits", { channel, ts, text: withMentions(text) });
  return ui.redraw();
}

function stopEditing() {
  ui.editing = null;
  byId("thread-text").value = "";
  ui.redraw();
}

/** As in Slack: the arrow upwards edits one's last message, Escape leaves it as it was. */
function likeSlack(event) {
  if (event.key === "Escape" && ui.editing) stopEditing();
  if (event.key !== "ArrowUp" || event.target.value || ui.editing) return;
  const own = Object.values(tables.posts).filter((p) => p.channel === ui.channel && p.thread_ts === ui.thread && p.user === ui.you);
  const last = own.sort(byTs).at(-1);
  if (!last) return;
  event.preventDefault();
  editPost(last);
}

export function startSlack() {
  byId("you").addEventListener("change", (event) => chooseYou(event.target.value));
  document.addEventListener("open-message", ({ detail: { channel, ts } }) => {
    openThread(channel, tables.posts[`${channel}:${ts}`]?.thread_ts ?? ts);
  });
  byId("channel-back").addEventListener("click", () => { byId("slack").dataset.view = "channels"; });
  byId("thread-back").addEventListener("click", () => { byId("slack").dataset.view = "channel"; });
  byId("edit-cancel").addEventListener("click", stopEditing);
  byId("thread-text").addEventListener("keydown", likeSlack);
  for (const name of ["channel", "thread"]) attachments[name] = new Attachment(name);
  hint(byId("channel-text"), "channel-hints", true);
  hint(byId("thread-text"), "thread-hints", false);
  ui.compose(byId("channel-form"), byId("channel-text"), byId("channel-problem"), async (text) => {
    await write(text, null);
    // The answer comes at the end, wherever one had scrolled to.
    channelPosts.toEnd();
  }, attachments.channel);
  ui.compose(byId("thread-form"), byId("thread-text"), byId("thread-problem"), reply, attachments.thread);
}

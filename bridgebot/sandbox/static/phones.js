// The left side: the guests' phones.

import { avatar, byId, dateOnly, h, show, when } from "./dom.js";
import { attached, Attachment, takesPictures } from "./files.js";
import { did } from "./guide.js";
import { send, tables } from "./store.js";
import { openThreadOf, ui } from "./ui.js";
import { Windowed } from "./windowed.js";

const languages = { en: "English", de: "German", fr: "French", es: "Spanish", it: "Italian", pt: "Portuguese", nl: "Dutch", ja: "Japanese", pl: "Polish" };
const seen = new Map();

function messagesByConversation() {
  const result = new Map();
  for (const message of Object.values(tables.messages)) {
    if (!result.has(message.conversation_id)) result.set(message.conversation_id, []);
    result.get(message.conversation_id).push(message);
  }
  for (const list of result.values()) list.sort((a, b) => a.order - b.order);
  return result;
}

function unread(id, list) {
  const answers = list.filter((message) => message.sender !== "guest").length;
  // What was there before the page opened counts as read, and so does the phone in front.
  const inFront = id === ui.guest && (!matchMedia("(max-width: 820px)").matches || phoneShown());
  if (!seen.has(id) || inFront) seen.set(id, answers);
  return Math.max(0, answers - seen.get(id));
}

const phoneShown = () => document.body.dataset.tab === "phones" && document.querySelector(".guests").dataset.view === "phone";

function about(conversation) {
  const kind = conversation.type === "request_to_book" ? "booking request" : `no. ${conversation.reference}`;
  const stay = [dateOnly(conversation.arrival), dateOnly(conversation.departure)].filter(Boolean).join(" – ");
  return [kind, stay];
}

function row(data) {
  const tag = { read_only: "closed" }[data.access] ?? (data.type === "request_to_book" ? "request" : "");
  return h("button", { type: "button", class: "inbox", "aria-current": data.current ? "true" : undefined, onclick: () => chooseGuest(data.id) },
    avatar(data.guest, { round: true }),
    h("span", { class: "inbox-text" },
      h("span", { class: "inbox-name" }, data.guest),
      h("span", { class: "inbox-last" },
        tag && h("span", { class: "tag" }, tag),
        h("span", { class: "inbox-words" }, data.last),
        data.unread ? h("span", { class: "count", "aria-label": `${data.unread} unread` }, data.unread) : null)));
}

function rows(conversations, byConversation) {
  const items = [];
  for (const property of Object.values(tables.properties)) {
    items.push({ key: `p:${property.id}`, data: { property } });
    for (const conversation of conversations.filter((c) => c.property_id === property.id)) {
      const list = byConversation.get(conversation.id) ?? [];
      const last = list.at(-1);
      items.push({ key: conversation.id, data: {
        ...conversation, unread: unread(conversation.id, list), current: conversation.id === ui.guest,
        last: last ? (last.sender === "guest" ? "" : "Hotel: ") + last.content.replace(/\s+/g, " ").slice(0, 60) : "no message yet",
      } });
    }
  }
  return items;
}

const origins = { extranet: "written in the extranet", template: "automatic message", api: "" };

function bubble(message) {
  const mine = message.sender === "guest";
  const notes = [origins[message.origin], when(new Date(message.at))].filter(Boolean).join(" · ");
  return h("div", { class: mine ? "bubble mine" : "bubble" },
    h("span", { class: "sr" }, mine ? "Guest: " : "Hotel: "),
    message.content ? h("p", { dir: "auto" }, message.content) : null,
    attached(message.pictures),
    h("small", {}, notes));
}

function head(conversation) {
  const property = tables.properties[conversation.property_id];
  byId("phone-title").textContent = `${conversation.guest}`;
  const extra = [languages[conversation.language], conversation.access === "read_only" ? "the hotel can no longer write" : "", conversation.has_account === false ? "no account: gets e-mails" : ""];
  const parts = [`${property?.name ?? ""}, ${property?.city ?? ""}`, ...about(conversation), ...extra].filter(Boolean);
  show(byId("phone-sub"), parts.map((part) => ({ key: part, data: part })), (part) => h("span", {}, part));
}

let attachment = null;

/** Pictures are a guest's at Booking.com: the extranet and the other provider have no way to send one. */
function offerPictures() {
  const { property_id: property } = tables.conversations[ui.guest] ?? {};
  attachment.offer(takesPictures() && byId("phone-as").value === "guest" && property !== "hostelmate");
}

const bubbles = new Windowed(byId("bubbles"));
let shownGuest = null;

export function drawPhones() {
  const byConversation = messagesByConversation();
  const conversations = Object.values(tables.conversations);
  ui.guest ??= conversations[0]?.id ?? null;
  show(byId("inboxes"), rows(conversations, byConversation), (data) =>
    data.property ? h("h3", {}, data.property.name, h("small", {}, data.property.city)) : row(data));
  const conversation = tables.conversations[ui.guest];
  if (!conversation) return;
  head(conversation);
  offerPictures();
  const items = (byConversation.get(ui.guest) ?? []).map((message) => ({ key: message.id, data: message }));
  bubbles.draw(items, bubble, shownGuest !== ui.guest);
  shownGuest = ui.guest;
}

export function chooseGuest(id) {
  ui.guest = id;
  document.querySelector(".guests").dataset.view = "phone";
  openThreadOf(id);
  ui.redraw();
}

export function startPhones() {
  byId("phone-back").addEventListener("click", () => {
    document.querySelector(".guests").dataset.view = "list";
    ui.redraw();
  });
  attachment = new Attachment("phone");
  byId("phone-as").addEventListener("change", offerPictures);
  ui.compose(byId("phone-form"), byId("phone-text"), byId("phone-problem"), async (text) => {
    const side = byId("phone-as").value === "extranet" ? "extranet" : "guests";
    const path = `${side}/${encodeURIComponent(ui.guest)}`;
    if (attachment.file && side === "guests") await attachment.send(`${path}/pictures`, { text });
    else await send(`${path}/messages`, { text });
    did("wrote");
  }, attachment);
}

// Slack's mrkdwn, drawn as elements. Nothing here ever parses HTML.

import { h } from "./dom.js";
import { tables } from "./store.js";

const unescape = (text) => text.replace(/&(lt|gt|amp);/g, (_, name) => ({ lt: "<", gt: ">", amp: "&" })[name]);

const permalink = /^https:\/\/[^/]+\/archives\/(C\w+)\/p(\d{10})(\d{6})/;

/** What opens the message that an address of this Slack leads to; null for other addresses. */
export function opens(address) {
  const [, channel, seconds, micros] = permalink.exec(address) ?? [];
  if (!tables.channels[channel]) return null;
  return (event) => {
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("open-message", { detail: { channel, ts: `${seconds}.${micros}` } }));
  };
}

/** A link only for addresses that cannot run anything; otherwise the plain words. */
export function link(address, label) {
  if (!/^(https?:\/\/|mailto:|tel:)/i.test(address)) return document.createTextNode(label || address);
  const here = opens(address);
  if (here) return h("a", { href: "#slack", onclick: here }, label || address);
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label || address);
}

export function emoji(name, unicode) {
  const plain = name.split("::")[0];
  const sign = unicode ? String.fromCodePoint(...unicode.split("-").map((part) => parseInt(part, 16))) : tables.emoji[plain];
  if (!sign) return document.createTextNode(`:${name}:`);
  return h("span", { class: "emoji", role: "img", "aria-label": plain.replaceAll("_", " "), title: `:${name}:` }, sign);
}

export function mention(id, label) {
  return h("span", { class: "mention" }, `@${label || tables.people[id]?.name || id}`);
}

export function channelMention(id, label) {
  return h("span", { class: "mention" }, `#${label || tables.channels[id]?.name || id}`);
}

export function dateText(seconds, format, fallback) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return fallback;
  const parts = {
    date: { dateStyle: "long" }, date_num: { dateStyle: "short" }, date_short: { dateStyle: "medium" },
    date_long: { dateStyle: "full" }, date_pretty: { dateStyle: "long" }, date_short_pretty: { dateStyle: "medium" },
    date_long_pretty: { dateStyle: "full" }, time: { timeStyle: "short" }, time_secs: { timeStyle: "medium" },
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) =>
    parts[name] ? new Intl.DateTimeFormat("en-GB", parts[name]).format(date) : whole);
}

function entity(inside) {
  const cut = inside.indexOf("|");
  const target = cut < 0 ? inside : inside.slice(0, cut);
  const label = cut < 0 ? "" : unescape(inside.slice(cut + 1));
  if (target.startsWith("@")) return mention(target.slice(1), label.replace(/^@/, ""));
  if (target.startsWith("#")) return channelMention(target.slice(1), label);
  if (target.startsWith("!date^")) {
    const [, seconds, format] = target.split("^");
    return h("time", {}, dateText(seconds, format ?? "", label));
  }
  if (target.startsWith("!")) return h("span", { class: "mention" }, label || `@${target.slice(1).split("^")[0]}`);
  return link(unescape(target), label);
}

const inlineMarks = [
  [/`([^`\n]+)`/, (m) => h("code", {}, unescape(m[1]))],
  [/<([^<>\n]+)>/, (m) => entity(m[1])],
  [/:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/i, (m) => emoji(m[1])],
  [/(?<![\p{L}\p{N}])\*(?!\s)([^*\n]+?)(?<!\s)\*(?![\p{L}\p{N}])/u, (m) => h("b", {}, inline(m[1]))],
  [/(?<![\p{L}\p{N}])_(?!\s)([^_\n]+?)(?<!\s)_(?![\p{L}\p{N}])/u, (m) => h("i", {}, inline(m[1]))],
  [/(?<![\p{L}\p{N}])~(?!\s)([^~\n]+?)(?<!\s)~(?![\p{L}\p{N}])/u, (m) => h("s", {}, inline(m[1]))],
];

function earliest(text) {
  let best = null;
  for (const [pattern, make] of inlineMarks) {
    const match = pattern.exec(text);
    if (match && (!best || match.index < best.match.index)) best = { match, make };
  }
  return best;
}

/** One line of mrkdwn as nodes. */
export function inline(text) {
  const nodes = [];
  let rest = text;
  for (let found = earliest(rest); found; found = earliest(rest)) {
    const { match, make } = found;
    if (match.index) nodes.push(unescape(rest.slice(0, match.index)));
    nodes.push(make(match));
    rest = rest.slice(match.index + match[0].length);
  }
  if (rest) nodes.push(unescape(rest));
  return nodes;
}

function lines(text) {
  const nodes = [];
  let quote = null;
  for (const [index, line] of text.split("\n").entries()) {
    if (/^&gt;|^>/.test(line)) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...inline(line.replace(/^(&gt;|>) ?/, "")).map((node) => node));
      continue;
    }
    if (index > 0 && !quote) nodes.push(h("br"));
    quote = null;
    nodes.push(...inline(line));
  }
  return nodes;
}

/** A whole mrkdwn text as nodes: code blocks, quotes, lines. */
export function mrkdwn(text) {
  return text.split(/```/).flatMap((piece, index, all) =>
    index % 2 && index < all.length - 1
      ? [h("pre", {}, unescape(piece.replace(/^\n|\n$/g, "")))]
      : lines(index % 2 ? "```" + piece : piece));
}

/** Text that is shown as it is, emoji names apart. */
export function plain(text, withEmoji = true) {
  if (!withEmoji) return [text];
  return text.split(/(:[a-z0-9_+'-]+:)/i).map((piece, index) => (index % 2 ? emoji(piece.slice(1, -1)) : piece));
}

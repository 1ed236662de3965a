// Block Kit as elements: what the bridge posts and what people write.

import { control, words } from "./controls.js";
import { append, h } from "./dom.js";
import { channelMention, dateText, emoji, link, mention, mrkdwn, plain } from "./mrkdwn.js";

function styled(node, style = {}) {
  let result = node;
  if (style.code) result = h("code", {}, result);
  if (style.bold) result = h("b", {}, result);
  if (style.italic) result = h("i", {}, result);
  if (style.strike) result = h("s", {}, result);
  return result;
}

const richElements = {
  text: (e) => document.createTextNode(e.text),
  link: (e) => link(e.url, e.text),
  user: (e) => mention(e.user_id),
  usergroup: (e) => h("span", { class: "mention" }, `@${e.usergroup_id}`),
  channel: (e) => channelMention(e.channel_id),
  broadcast: (e) => h("span", { class: "mention" }, `@${e.range}`),
  emoji: (e) => emoji(e.name, e.unicode),
  date: (e) => h("time", {}, dateText(e.timestamp, e.format ?? "", e.fallback ?? "")),
  color: (e) => document.createTextNode(e.value ?? ""),
};

function withBreaks(element) {
  // Slack shows the line breaks inside a text element.
  if (element.type !== "text") return [styled(richElements[element.type]?.(element) ?? "", element.style)];
  return element.text.split("\n").flatMap((line, index) => {
    const node = styled(document.createTextNode(line), element.style);
    return index ? [h("br"), node] : [node];
  });
}

const richInside = (elements = []) => elements.flatMap(withBreaks);

function richList(part) {
  return h(part.style === "ordered" ? "ol" : "ul", {
    class: "rich-list", start: part.offset ? part.offset + 1 : undefined,
    style: { marginInlineStart: `${(part.indent ?? 0) * 1.4}em` },
  }, part.elements.map((item) => h("li", {}, richInside(item.elements))));
}

const richParts = {
  rich_text_section: (part) => h("div", { class: "rich-section" }, richInside(part.elements)),
  rich_text_list: richList,
  rich_text_quote: (part) => h("blockquote", {}, richInside(part.elements)),
  rich_text_preformatted: (part) => h("pre", {}, richInside(part.elements)),
};

function image(element) {
  const address = element.image_url ?? "";
  // Pictures only from this page's own server: nothing is fetched from outside.
  if (!address.startsWith("/") && !address.startsWith(location.origin)) return h("span", { class: "unsupported" }, element.alt_text || "picture");
  return h("img", { src: address, alt: element.alt_text ?? "" });
}

function section(block, act, values) {
  const fields = (block.fields ?? []).map((field) => h("div", {}, words(field)));
  return h("div", { class: "kit-section" },
    h("div", {}, words(block.text), fields.length ? h("div", { class: "kit-fields" }, fields) : null),
    block.accessory && (block.accessory.type === "image" ? image(block.accessory) : control(block.accessory, block, act, values)));
}

const kinds = {
  rich_text: (block) => h("div", { class: "rich" }, block.elements.map((part) => richParts[part.type]?.(part))),
  section,
  context: (block) => h("div", { class: "kit-context" }, block.elements.map((e) => h("span", {}, e.type === "image" ? image(e) : words(e)))),
  header: (block) => h("div", { class: "kit-header", role: "heading", "aria-level": "3" }, words(block.text)),
  divider: () => h("hr"),
  actions: (block, act, values) => h("div", { class: "kit-actions" }, block.elements.map((e) => control(e, block, act, values))),
  input: (block, act, values) => h("div", { class: "kit-input" }, h("p", { class: "kit-label" }, words(block.label)), control(block.element, block, act, values)),
  image: (block) => h("figure", {}, image(block), block.title && h("figcaption", {}, words(block.title))),
  markdown: (block) => h("div", {}, plain(block.text)),
};

/** One block; `act` is told what somebody does in it, `values` is what stands in its menus. */
export const blockOf = (block, act, values) =>
  kinds[block.type]?.(block, act, values) ?? h("span", { class: "unsupported" }, `[${block.type}]`);

/** The body of a post: its blocks, or its text where it has none. */
export function body(post, act) {
  const box = h("div", { class: "body" });
  if (!post.blocks?.length) return append(box, mrkdwn(post.text ?? ""));
  return append(box, post.blocks.map((block) => blockOf(block, act)));
}

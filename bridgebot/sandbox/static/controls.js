// What can be pressed, chosen and filled in: the interactive elements of Block Kit, as the browser's own controls.

import { h } from "./dom.js";
import { mrkdwn, opens, plain } from "./mrkdwn.js";
import { tables } from "./store.js";

export const words = (object) => (!object ? [] : object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text, object.emoji !== false));

const fields = {
  selected_option: (value) => value?.value, selected_options: (value) => value?.map((one) => one.value),
  rich_text_value: () => undefined,
};
const initials = { initial_option: "selected_option", initial_options: "selected_options" };

/** The plain value behind what Slack tells of an element, or what it begins with. */
function known(element, state) {
  const told = Object.entries(state ?? {}).find(([name]) => name !== "type");
  const first = Object.entries(element).find(([name]) => name.startsWith("initial_"));
  const [name, value] = told ?? (first ? [initials[first[0]] ?? first[0], first[1]] : ["", undefined]);
  return (fields[name] ? fields[name](value) : value) ?? null;
}

const option = (value, label) => ({ value, text: { type: "plain_text", text: label } });
const peopleHere = () => Object.values(tables.people).map((one) => option(one.id, one.name));
const channelsHere = () => Object.values(tables.channels).map((one) => option(one.id, `#${one.name}`));

function offered(element) {
  if (element.type.includes("users")) return peopleHere();
  if (element.type.includes("channels") || element.type.includes("conversations")) return channelsHere();
  return element.options ?? [];
}

const optionItem = (one, value) => h("option", { value: one.value, selected: one.value === value }, one.text.text);

function select(element, value, label) {
  const groups = (element.option_groups ?? []).map((group) =>
    h("optgroup", { label: group.label.text }, group.options.map((one) => optionItem(one, value))));
  // As in Slack, what is chosen can be changed, not taken away.
  const none = value ? null : h("option", { value: "", selected: true }, element.placeholder?.text ?? "Choose…");
  const box = h("select", { class: "kit-select", "aria-label": label || element.placeholder?.text || "Choose" }, none, groups,
    offered(element).map((one) => optionItem(one, value)));
  return { node: box, field: box, read: () => box.value || null };
}

function overflow(element) {
  const box = h("select", { class: "kit-select kit-more", "aria-label": "More actions" },
    h("option", { value: "" }, "⋯"), (element.options ?? []).map((one) => optionItem(one, null)));
  // A menu of deeds keeps no choice.
  const read = () => {
    const { value } = box;
    box.value = "";
    return value || null;
  };
  return { node: box, field: box, read };
}

let groups = 0;

function choices(element, value, label, type) {
  groups += 1;
  const inputs = offered(element).map((one) => h("input", { type, name: `kit-${groups}`, value: one.value, checked: [value].flat().includes(one.value) }));
  const node = h("fieldset", { class: "kit-choices" }, h("legend", { class: "sr" }, label || element.placeholder?.text || "Choices"),
    offered(element).map((one, index) => h("label", {}, inputs[index], h("span", {}, words(one.text), one.description && h("small", {}, words(one.description))))));
  const chosen = () => inputs.filter((input) => input.checked).map((input) => input.value);
  return { node, field: inputs[0] ?? node, read: () => (type === "radio" ? chosen()[0] ?? null : chosen()) };
}

const local = (seconds) => {
  const date = new Date(seconds * 1000);
  return new Date(date - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};
const types = { datepicker: "date", timepicker: "time", datetimepicker: "datetime-local", email_text_input: "email", url_text_input: "url" };

function field(element, value, label) {
  const moment = element.type === "datetimepicker";
  const box = h(element.multiline || element.type === "rich_text_input" ? "textarea" : "input", {
    class: "kit-field", type: element.multiline || element.type === "rich_text_input" ? undefined : types[element.type] ?? "text",
    rows: element.multiline ? 4 : undefined, inputmode: element.type === "number_input" ? "decimal" : undefined,
    placeholder: element.placeholder?.text, "aria-label": label || element.placeholder?.text || "Value",
  });
  box.value = (moment && value ? local(value) : value) ?? "";
  return { node: box, field: box, read: () => (moment && box.value ? Math.floor(new Date(box.value) / 1000) : box.value) || null };
}

const makers = {
  static_select: select, users_select: select, conversations_select: select, channels_select: select, overflow,
  radio_buttons: (element, value, label) => choices(element, value, label, "radio"),
  datepicker: field, timepicker: field, datetimepicker: field,
  plain_text_input: field, email_text_input: field, url_text_input: field, number_input: field, rich_text_input: field,
};
for (const name of ["checkboxes", "multi_static_select", "multi_users_select", "multi_conversations_select", "multi_channels_select"]) {
  makers[name] = (element, value, label) => choices(element, value ?? [], label, "checkbox");
}

/** Ask what an element wants confirmed; the answer comes as a promise. */
function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((done) => {
    const answer = (yes) => () => { dialog.close(); dialog.remove(); done(yes); };
    const dialog = h("dialog", { class: "modal", "aria-labelledby": "confirm-title", oncancel: answer(false) },
      h("h2", { id: "confirm-title" }, words(confirm.title)), h("p", {}, words(confirm.text)),
      h("footer", {},
        h("button", { type: "button", class: "kit-button", onclick: answer(false) }, confirm.deny?.text ?? "Cancel"),
        h("button", { type: "button", class: `kit-button ${confirm.style ?? "primary"}`, onclick: answer(true) }, confirm.confirm?.text ?? "Yes")));
    document.body.append(dialog);
    dialog.showModal();
  });
}

function button(element, block, act) {
  const classes = ["kit-button", element.style].filter(Boolean).join(" ");
  const press = async () => { if (await confirmed(element.confirm)) act(element, block, null); };
  if (!element.url) return h("button", { type: "button", class: classes, onclick: press, "aria-label": element.accessibility_label }, words(element.text));
  const here = opens(element.url);
  const address = !here && /^https?:/i.test(element.url) ? element.url : "#slack";
  const open = (event) => { here?.(event); press(); };
  return h("a", { class: classes, href: address, target: here ? undefined : "_blank", rel: "noopener noreferrer", onclick: open }, words(element.text));
}

/** A control that tells at once what was done to it. */
export function control(element, block, act, values) {
  if (element.type === "button") return button(element, block, act);
  const made = makers[element.type]?.(element, known(element, values?.[block.block_id]?.[element.action_id]), "");
  if (!made) return h("span", { class: "unsupported" }, `[${element.type}]`);
  made.node.addEventListener("change", async () => {
    const value = made.read();
    if (await confirmed(element.confirm)) act(element, block, value);
  });
  return made.node;
}

/** A field of a form, which is read when the form is submitted; `raw` is what was typed before. */
export function formField(element, label, state, raw) {
  return makers[element.type]?.(element, raw !== undefined ? raw : known(element, state), label) ?? null;
}

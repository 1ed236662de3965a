// Forms in front of everything: the browser keeps the focus inside, Escape and the buttons close them.

import { blockOf } from "./blocks.js";
import { formField, words } from "./controls.js";
import { byId, h } from "./dom.js";
import { send, tables } from "./store.js";
import { ui } from "./ui.js";

const act = (body) => send(`people/${encodeURIComponent(ui.you)}/modal`, body);
const typed = new Map();
let fields = [];
let drawn = null;
let told = "";

/** What stands in the fields, by block and action, as the server wants it. */
function values() {
  const result = {};
  for (const { block, element, read } of fields) (result[block.block_id] ??= {})[element.action_id] = read();
  return result;
}

function complain(words) {
  byId("modal-problem").textContent = words;
}

const press = (element, block, value) =>
  send(`people/${encodeURIComponent(ui.you)}/actions`, { modal: true, action_id: element.action_id, block_id: block.block_id, value })
    .catch((error) => complain(error.message));

function inputBlock(block, view) {
  const { element } = block;
  const before = typed.get(view.id)?.[block.block_id]?.[element.action_id];
  const made = formField(element, block.label.text, view.values?.[block.block_id]?.[element.action_id], before);
  if (!made) return h("p", { class: "unsupported" }, `[${element.type}]`);
  const key = `field-${fields.length}`;
  fields.push({ block, element, ...made });
  if (block.dispatch_action) made.node.addEventListener("change", () => press(element, block, made.read()));
  made.field.setAttribute("aria-describedby", `${key}-error`);
  return h("div", { class: "kit-input" },
    h("p", { class: "kit-label", "aria-hidden": "true" }, words(block.label), block.optional ? h("span", {}, " (optional)") : null),
    made.node,
    h("p", { class: "problem", id: `${key}-error`, "data-block": block.block_id }),
    block.hint && h("p", { class: "kit-hint" }, words(block.hint)));
}

const part = (block, view) => (block.type === "input" ? inputBlock(block, view) : blockOf(block, press, view.values));

async function submit(event) {
  event.preventDefault();
  complain("");
  told = "";
  byId("modal").setAttribute("aria-busy", "true");
  await act({ act: "submit", values: values() }).catch((error) => complain(error.message));
  byId("modal").removeAttribute("aria-busy");
}

function close(everything) {
  typed.clear();
  act({ act: everything ? "close_all" : "close" }).catch((error) => complain(error.message));
}

function form(view, depth) {
  fields = [];
  const parts = view.blocks.map((block) => part(block, view));
  const first = fields[0]?.field;
  if (first) first.autofocus = true;
  return h("form", { novalidate: true, autocomplete: "off", onsubmit: submit },
    h("header", {}, h("h2", { id: "modal-title" }, view.title), h("span", {}, view.app_name),
      h("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => close(true) }, "×")),
    h("div", { class: "modal-body", tabindex: "0", role: "group", "aria-label": "Fields" }, h("p", { class: "problem", id: "modal-problem", role: "alert" }), parts),
    h("footer", {},
      h("button", { type: "button", class: "kit-button", onclick: () => close(false) }, view.close || (depth > 1 ? "Back" : "Cancel")),
      view.submit && h("button", { type: "submit", class: "kit-button primary" }, view.submit)));
}

/** Say beside each field what is wrong with it, and bring the first one to the front. */
function drawErrors(errors) {
  const signature = JSON.stringify(errors);
  if (signature === told) return;
  told = signature;
  complain(errors[""] ?? "");
  for (const place of byId("modal").querySelectorAll("[data-block]")) place.textContent = errors[place.dataset.block] ?? "";
  for (const { block, field } of fields) {
    if (errors[block.block_id]) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  fields.find(({ block }) => errors[block.block_id])?.field.focus();
}

export function drawModals() {
  const row = tables.modals[ui.you];
  const view = row?.views.at(-1);
  const dialog = byId("modal");
  if (drawn && (!view || drawn.id !== view.id || drawn.hash !== view.hash)) typed.set(drawn.id, values());
  if (!view) {
    drawn = null;
    fields = [];
    if (dialog.open) dialog.close();
    return;
  }
  if (drawn?.id !== view.id || drawn.hash !== view.hash || drawn.you !== ui.you) {
    drawn = { id: view.id, hash: view.hash, you: ui.you };
    told = "";
    dialog.replaceChildren(form(view, row.views.length));
    if (dialog.open) fields[0]?.field.focus();
    else dialog.showModal();
  }
  drawErrors(row.errors);
}

export function startModals() {
  byId("modal").addEventListener("cancel", (event) => {
    event.preventDefault();
    close(false);
  });
}

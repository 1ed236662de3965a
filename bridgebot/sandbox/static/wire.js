// What goes over the wire, as it happens: read only while this pane is open.

import { byId, h, show } from "./dom.js";
import { tables } from "./store.js";
import { ui } from "./ui.js";
import { Windowed } from "./windowed.js";

let source = null;
let rows = {};
let list = null;
let planned = false;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 1 });
const sides = { booking: "Booking.com", slack: "Slack" };

function entry(row) {
  const guests = row.conversations.map((id) => tables.conversations[id]?.guest ?? "").filter(Boolean);
  const box = h("details", { class: "wire-entry" },
    h("summary", {},
      h("time", {}, clock.format(new Date(row.at * 1000))),
      h("span", { class: `wire-way of-${row.side}` }, row.to_bot ? `${sides[row.side]} → bridge` : `bridge → ${sides[row.side]}`),
      h("span", { class: row.failed ? "wire-words failed" : "wire-words" }, row.words),
      h("span", { class: "wire-guests" }, guests.length > 2 ? `${guests.length} guests` : guests.join(", "))));
  // The JSON is written when somebody looks at it.
  box.addEventListener("toggle", () => {
    if (box.open && !box.querySelector("pre")) box.append(h("pre", { tabindex: "0" }, JSON.stringify(row.json, null, 2)));
  });
  return h("li", {}, box);
}

function wanted(row) {
  if (row.idle && byId("wire-idle").checked) return false;
  const chosen = byId("wire-guest").value;
  if (!chosen) return true;
  return row.conversations.includes(chosen === "front" ? ui.guest : chosen);
}

export function drawWire() {
  if (!source) return;
  const guests = Object.values(tables.conversations).map((one) => ({ key: one.id, data: { value: one.id, text: one.guest } }));
  const fixed = [["", "everybody"], ["front", "the guest in front"]].map(([value, text]) => ({ key: `f:${value}`, data: { value, text } }));
  show(byId("wire-guest"), [...fixed, ...guests], (data) => h("option", { value: data.value }, data.text));
  const items = Object.values(rows).filter(wanted).sort((a, b) => (a.key < b.key ? -1 : 1)).map((row) => ({ key: row.key, data: row }));
  byId("wire-none").hidden = items.length > 0;
  list ??= new Windowed(byId("wire"));
  list.draw(items, entry);
}

function changed() {
  if (planned) return;
  planned = true;
  setTimeout(() => {
    planned = false;
    drawWire();
  }, 60);
}

export function openWire() {
  if (source) return;
  source = new EventSource("/sandbox/wire");
  source.addEventListener("state", (event) => {
    rows = JSON.parse(event.data).wire ?? {};
    changed();
  });
  source.addEventListener("patch", (event) => {
    const { set = {}, drop = {} } = JSON.parse(event.data);
    Object.assign(rows, set.wire);
    for (const key of drop.wire ?? []) delete rows[key];
    changed();
  });
}

export function closeWire() {
  source?.close();
  source = null;
}

export function startWire() {
  byId("wire-guest").addEventListener("change", drawWire);
  byId("wire-idle").addEventListener("change", drawWire);
}

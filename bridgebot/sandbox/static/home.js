// An app's Home tab: drawn as the app published it for the person one is.

import { blockOf } from "./blocks.js";
import { byId, h, show } from "./dom.js";
import { send, tables } from "./store.js";
import { ui } from "./ui.js";

let openedFor = "";
const person = () => `people/${encodeURIComponent(ui.you)}`;

function complain(error) {
  byId("home-problem").textContent = error.message;
}

const press = (element, block, value) =>
  send(`${person()}/actions`, { app: ui.home, action_id: element.action_id, block_id: block.block_id, value }).catch(complain);

/** Tell the app that its tab was opened, once for each person and opening. */
function tellOpened() {
  const now = `${ui.home}:${ui.you}`;
  if (openedFor === now) return;
  openedFor = now;
  byId("home-problem").textContent = "";
  send(`${person()}/home`, { app: ui.home }).catch(complain);
}

export function openHome(app) {
  openedFor = "";
  ui.home = app;
  ui.thread = null;
  byId("slack").dataset.view = "channel";
  ui.redraw();
}

export function drawHome() {
  const app = tables.apps[ui.home];
  byId("home").hidden = !app;
  byId("posts").hidden = byId("channel-form").hidden = Boolean(app);
  if (!app) {
    openedFor = "";
    return;
  }
  tellOpened();
  byId("channel-title").textContent = app.name;
  byId("channel-sub").textContent = "Home";
  const view = tables.homes[`${ui.home}:${ui.you}`];
  const blank = app.home ? "The app has not drawn this tab yet." : "This app has no Home tab.";
  byId("home-none").hidden = Boolean(view);
  byId("home-none").textContent = blank;
  const items = (view?.blocks ?? []).map((block, index) => ({ key: `h:${index}`, data: { block, values: view.values } }));
  show(byId("home-body"), items, ({ block, values }) => h("div", {}, blockOf(block, press, values)));
}

function appRow(data) {
  const state = data.connected ? "is connected" : "is not connected";
  return h("li", {}, h("button", { type: "button", "aria-current": data.current ? "true" : undefined, title: `${data.name} ${state}`, onclick: () => openHome(data.id) },
    h("span", { class: data.connected ? "dot on" : "dot", "aria-hidden": "true" }), data.name, h("span", { class: "sr" }, ` ${state}`)));
}

export function drawApps() {
  const items = Object.values(tables.apps).map((app) => ({ key: app.id, data: { id: app.id, name: app.name, connected: app.connected, current: app.id === ui.home } }));
  show(byId("apps"), items, appRow);
}

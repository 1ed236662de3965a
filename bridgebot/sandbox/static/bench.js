// The drawer below: faults to try, and what goes over the wire. Closed at first.

import { byId, h, show } from "./dom.js";
import { send, tables } from "./store.js";
import { closeWire, openWire } from "./wire.js";

const panes = ["faults", "wire", "scenes"];

/** Open one pane of the drawer, or close it where `name` is null. */
export function showPane(name) {
  byId("bench").hidden = !name;
  for (const pane of panes) {
    byId(`open-${pane}`).setAttribute("aria-expanded", String(pane === name));
    byId(`pane-${pane}`).hidden = pane !== name;
  }
  byId("bench-title").textContent = { faults: "What if something goes wrong?", wire: "The wire", scenes: "Scenarios" }[name] ?? "";
  if (name === "wire") openWire();
  else closeWire();
}

function complain(error) {
  byId("bench-problem").textContent = error.message;
}

function act(path, body) {
  byId("bench-problem").textContent = "";
  return send(path, body).catch(complain);
}

function state(data) {
  if (!data.left) return "";
  return data.standing ? "on" : `${data.left} to come`;
}

function fault(data) {
  const on = data.left > 0;
  return h("li", { class: on ? "fault on" : "fault" },
    h("button", {
      type: "button", "aria-pressed": String(on), "aria-describedby": `expect-${data.name}`,
      onclick: () => act(`troubles/${data.name}`, { end: on }),
    }, data.label, on ? h("span", { class: "fault-state" }, state(data)) : null),
    h("p", { id: `expect-${data.name}` }, data.expect));
}

const power = (running) => ({
  name: "bot", label: running ? "Kill the bridge (kill -9)" : "Start the bridge again", running,
  expect: running
    ? "The program dies in the middle of its work. Nothing is lost: everything was written down first."
    : "It looks up what it was doing on both sides, and goes on. Write something before you start it.",
});

function powerSwitch(data) {
  return h("li", { class: data.running ? "fault" : "fault on" },
    h("button", {
      type: "button", "aria-pressed": String(!data.running), "aria-describedby": "expect-bot",
      onclick: () => act("bot", { act: data.running ? "kill" : "start" }),
    }, data.label),
    h("p", { id: "expect-bot" }, data.expect));
}

function scene(data) {
  return h("li", { class: data.on ? "fault playing" : "fault" },
    h("button", {
      type: "button", "aria-describedby": `about-${data.name}`,
      onclick: () => act("scenario", { name: data.name, speed: Number(byId("scene-speed").value) }),
    }, data.title, h("span", {}, data.on ? "play again" : "play")),
    h("p", { id: `about-${data.name}` }, data.about));
}

function drawScenes() {
  const items = (tables.offers.scenarios ?? []).map((one) => ({ key: one.name, data: { ...one, on: one.name === tables.scene.name } }));
  show(byId("scenes"), items, scene);
}

export function drawBench() {
  const troubles = Object.values(tables.troubles);
  const going = troubles.filter((one) => one.left > 0).length + (tables.app.running === false ? 1 : 0);
  byId("going").textContent = going ? String(going) : "";
  byId("going").hidden = !going;
  if (!byId("pane-scenes").hidden) drawScenes();
  if (byId("pane-faults").hidden) return;
  const items = troubles.map((one) => ({ key: one.name, data: one }));
  // A bot of one's own, beside the sandbox, is not for this page to kill.
  if (typeof tables.app.running === "boolean") items.unshift({ key: "bot", data: power(tables.app.running) });
  show(byId("faults"), items, (data) => (data.name === "bot" ? powerSwitch(data) : fault(data)));
}

export function startBench() {
  for (const pane of panes) {
    byId(`open-${pane}`).addEventListener("click", (event) => {
      showPane(byId(`pane-${pane}`).hidden || byId("bench").hidden ? pane : null);
      drawBench();
      // By keyboard the pane would be many Tabs away; Escape leads back.
      if (event.detail === 0 && !byId("bench").hidden) byId("bench-close").focus();
    });
  }
  const close = () => {
    const open = panes.find((pane) => !byId(`pane-${pane}`).hidden);
    showPane(null);
    byId(`open-${open}`)?.focus();
  };
  byId("bench-close").addEventListener("click", close);
  byId("bench").addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  byId("faults-end").addEventListener("click", () => act("troubles/all", { end: true }));
}

// The page: guests' phones on one side, Slack on the other, live.

import { drawBench, startBench } from "./bench.js";
import { byId, h } from "./dom.js";
import { drawGuide } from "./guide.js";
import { drawApps, drawHome } from "./home.js";
import { startMenu } from "./menu.js";
import { drawModals, startModals } from "./modal.js";
import { drawPhones, startPhones } from "./phones.js";
import { drawSlack, scrollToEnd, startSlack } from "./slack.js";
import { changed, follow, loadEmoji, onChange, remember, tables } from "./store.js";
import { openThreadOf, ui } from "./ui.js";
import { drawWire, startWire } from "./wire.js";

const words = [
  ["guest_messages", "messages", "message"], ["threads", "threads", "thread"], ["replies", "replies", "reply"],
  ["posted_to_guest", "delivered"], ["waiting", "waiting"], ["lost", "lost"], ["twice", "twice"],
];

let drawnFigures = "";

function drawFigures() {
  const signature = JSON.stringify(tables.figures);
  if (signature === drawnFigures) return;
  drawnFigures = signature;
  byId("figures").replaceChildren(...words.filter(([name]) => name in tables.figures).map(([name, word, one = word]) => {
    const value = tables.figures[name];
    const bad = (name === "lost" || name === "twice") && value > 0;
    return h("span", { class: bad ? "figure bad" : "figure", "data-figure": name }, h("b", {}, value), ` ${value === 1 ? one : word}`);
  }));
}

let placed = false;

/** At the first sight of data, put a thread in front, so that the first answer is one step away. */
function placeFirst() {
  if (placed || ui.thread) return;
  const first = Object.values(tables.conversations).find((conversation) =>
    Object.values(tables.posts).some((post) => post.conversation_id === conversation.id && !post.thread_ts));
  if (!first) return;
  placed = true;
  ui.guest = first.id;
  openThreadOf(first.id);
}

function draw() {
  placeFirst();
  drawFigures();
  drawGuide();
  drawPhones();
  drawSlack();
  drawApps();
  drawHome();
  drawModals();
  drawBench();
  drawWire();
}

function showTab(name) {
  document.body.dataset.tab = name;
  byId("tab-phones").setAttribute("aria-pressed", String(name === "phones"));
  byId("tab-slack").setAttribute("aria-pressed", String(name === "slack"));
  scrollToEnd();
  ui.redraw();
}

/** As in Slack, F6 goes from one part of the page to the next: between them are many buttons. */
function startParts() {
  const parts = ["phone-text", "you", "home", "channel-text", "thread-text", "bench-close"];
  document.addEventListener("keydown", (event) => {
    if (event.key !== "F6" || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    const here = parts.map(byId).filter((element) => element.checkVisibility());
    const at = here.findLastIndex((element) =>
      element === document.activeElement || element.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING);
    const step = event.shiftKey ? -1 : 1;
    here[(at + step + here.length) % here.length]?.focus();
  });
}

function startTabs() {
  for (const name of ["phones", "slack"]) byId(`tab-${name}`).addEventListener("click", () => showTab(name));
  const fromAddress = new URLSearchParams(location.search);
  if (fromAddress.get("tab") === "slack") showTab("slack");
  if (fromAddress.get("view")) byId("slack").dataset.view = fromAddress.get("view");
  if (fromAddress.get("phone")) document.querySelector(".guests").dataset.view = "phone";
}

ui.redraw = changed;
ui.you = remember("you");
startTabs();
startParts();
startPhones();
startSlack();
startMenu();
startModals();
startBench();
startWire();

function tellState(state) {
  byId("live").dataset.state = state;
  byId("live").textContent = state === "live" ? "live" : "reconnecting";
}

follow(tellState);
// Emoji before the first drawing: what is drawn once is not drawn again for a sign that came later.
loadEmoji().finally(() => {
  onChange(draw);
  changed();
});

// Hints while one types: slash commands in a channel, people after an @.

import { byId, h } from "./dom.js";
import { send, tables } from "./store.js";
import { ui } from "./ui.js";

const letters = /(?:^|\s)@([\p{L}\p{N} ]*)$/u;

const offers = (kind) => Object.values(tables.apps).flatMap((app) => app.offers.filter((one) => one.kind === kind));
const known = () => [...(tables.offers.commands ?? []), ...offers("command")];

function commands(typed) {
  if (!/^\/[\w-]*$/.test(typed)) return [];
  const found = known().filter((one) => one.name.startsWith(typed) && one.name !== typed)
    .map((one) => ({ words: one.name, more: `${one.hint}  ${one.about}`, text: `${one.name} ` }));
  const name = typed.slice(1).toLowerCase();
  return [...found, ...offers("global").filter((one) => one.name.toLowerCase().startsWith(name))
    .map((one) => ({ words: `⚡ ${one.name}`, more: one.about, text: "", run: () => send(`people/${encodeURIComponent(ui.you)}/shortcuts`, { callback_id: one.key }) }))];
}

/** What may follow a command that stands there already. */
function usage(typed) {
  const [, name, rest] = /^(\/[\w-]+)(\s.*)?$/s.exec(typed) ?? [];
  const found = known().find((one) => one.name === name);
  return found && !rest?.trim() ? `${name} ${found.hint} – ${found.about}` : "";
}

function people(typed) {
  const found = letters.exec(typed);
  if (!found) return [];
  const name = found[1].toLowerCase();
  return Object.values(tables.people)
    .filter((one) => !one.app && one.name.toLowerCase().startsWith(name) && one.name.toLowerCase() !== name)
    .map((one) => ({ words: `@${one.name}`, more: one.role, text: `${typed.slice(0, typed.length - found[1].length)}${one.name} ` }));
}

/** Show hints for `text` in the list `listId`; `withCommands` where Slack takes commands. */
export function hint(text, listId, withCommands) {
  const list = byId(listId);
  let offers = [];
  let chosen = 0;

  function choose(offer) {
    text.value = offer.text;
    if (withCommands) byId("channel-usage").textContent = usage(text.value);
    offer.run?.().catch((error) => { byId("channel-problem").textContent = error.message; });
    close();
    text.focus();
  }

  function close() {
    offers = [];
    list.hidden = true;
    text.removeAttribute("aria-activedescendant");
  }

  function draw() {
    list.replaceChildren(...offers.map((offer, index) => h("li", {
      id: `${listId}-${index}`, role: "option", "aria-selected": String(index === chosen),
      // Not click: the field would lose the focus first, and that closes the list.
      onmousedown: (event) => { event.preventDefault(); choose(offer); },
    }, h("b", {}, offer.words), " ", h("span", {}, offer.more))));
    list.hidden = offers.length === 0;
    if (offers.length) text.setAttribute("aria-activedescendant", `${listId}-${chosen}`);
    else text.removeAttribute("aria-activedescendant");
  }

  text.addEventListener("input", () => {
    offers = [...(withCommands ? commands(text.value) : []), ...people(text.value)].slice(0, 6);
    chosen = 0;
    if (withCommands) byId("channel-usage").textContent = usage(text.value);
    draw();
  });
  text.form.addEventListener("submit", () => { if (withCommands) byId("channel-usage").textContent = ""; });
  text.addEventListener("blur", close);
  // Before the composer sees the key: Enter chooses here and does not send.
  text.addEventListener("keydown", (event) => {
    if (!offers.length) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen = (chosen + step + offers.length) % offers.length;
    else if (event.key === "Escape") offers = [];
    else if (event.key === "Enter" || event.key === "Tab") choose(offers[chosen]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
    draw();
  }, { capture: true });
}

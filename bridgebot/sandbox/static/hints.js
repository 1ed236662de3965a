// Hints while one types: slash commands in a channel, people after an @.

import { byId, h } from "./dom.js";
import { tables } from "./store.js";

const letters = /(?:^|\s)@([\p{L}\p{N} ]*)$/u;

function commands(typed) {
  if (!/^\/[a-z-]*$/.test(typed)) return [];
  return (tables.offers.commands ?? [])
    .filter((one) => one.name.startsWith(typed) && one.name !== typed)
    .map((one) => ({ words: one.name, more: `${one.hint}  ${one.about}`, text: `${one.name} ` }));
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
    draw();
  });
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

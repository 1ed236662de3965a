// The small menu of a message: react, reply, shortcuts, edit, delete.

import { byId, h } from "./dom.js";
import { emoji } from "./mrkdwn.js";
import { send, tables } from "./store.js";
import { ui } from "./ui.js";

const quick = ["eyes", "+1", "pray", "heart"];

function item(label, run) {
  return h("button", {
    type: "button", role: "menuitem",
    onclick: async () => {
      byId("menu").hidePopover();
      try {
        await run();
      } catch (error) {
        byId("thread-problem").textContent = error.message;
      }
    },
  }, label);
}

/** Take a message of one's own into the composer, to change it. */
export function editPost(post) {
  ui.editing = { channel: post.channel, ts: post.ts };
  byId("thread-text").value = (post.typed ?? post.text).replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  ui.redraw();
  byId("thread-text").focus();
}

function items(post, openThread) {
  const person = (what, body) => send(`people/${encodeURIComponent(ui.you)}/${what}`, { channel: post.channel, ts: post.ts, ...body });
  const others = Object.values(tables.apps).flatMap((app) => app.offers.filter((one) => one.kind === "message"));
  const shortcuts = [...(tables.offers.shortcuts ?? []), ...others.map((one) => ({ callback_id: one.key, name: one.name }))];
  return [
    ...quick.map((name) => item([emoji(name), " React"], () => person("reactions", { name }))),
    post.thread_ts ? null : item("Reply in thread", async () => {
      openThread(post.channel, post.ts);
      byId("thread-text").focus();
    }),
    ...shortcuts.map((offer) => item(offer.name, () => person("shortcuts", { callback_id: offer.callback_id }))),
    post.user === ui.you && item("Edit message", async () => editPost(post)),
    post.user === ui.you && item("Delete message", () => person("deletions", {})),
  ].filter(Boolean);
}

/** Open the menu of `post` below the button that was pressed. */
export function openMenu(button, post, openThread) {
  const menu = byId("menu");
  menu.replaceChildren(...items(post, openThread));
  menu.showPopover();
  const place = button.getBoundingClientRect();
  menu.style.top = `${Math.max(8, Math.min(place.bottom + 4, innerHeight - menu.offsetHeight - 8))}px`;
  menu.style.left = `${Math.max(8, Math.min(place.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
  menu.querySelector("button")?.focus();
}

/** Let the arrow keys walk through the menu. */
export function startMenu() {
  byId("menu").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...byId("menu").querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length].focus();
  });
}

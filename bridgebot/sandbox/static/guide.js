// The line on top: it says what to try next, in the order in which a newcomer understands.

import { byId } from "./dom.js";
import { tables } from "./store.js";

const steps = {
  begin: "Write as a guest, on the phone, and see it arrive in Slack.",
  wrote: "It arrives in the guest’s thread in Slack. Answer it there: what you write in the thread goes to the guest.",
  answered: "The guest gets it in five seconds. Until then you can edit or delete it with the ⋯ beside it.",
  delivered: "Delivered. Now a note that stays inside: begin it with //. Or press “What if…” and break something.",
  noted: "The lock says that the guest will never see it. Press “What if…” and break something.",
};
const order = Object.keys(steps);
let at = "begin";
let deliveredBefore = 0;

/** Something was done on this page; the line moves on, never back. */
export function did(what) {
  if (what === "answered") deliveredBefore = tables.figures.posted_to_guest ?? 0;
  if (order.indexOf(what) > order.indexOf(at)) at = what;
  drawGuide();
}

export function drawGuide() {
  if (at === "answered" && (tables.figures.posted_to_guest ?? 0) > deliveredBefore) at = "delivered";
  if (byId("guidance").textContent !== steps[at]) byId("guidance").textContent = steps[at];
  const { title, clock } = tables.scene;
  const words = title ? `${title} · ${clock}` : "Scenarios";
  if (byId("scene").textContent !== words) byId("scene").textContent = words;
}

// What is in front on this page, and the parts both sides share.

import { remember, tables } from "./store.js";

export const ui = {
  guest: null, channel: null, home: null, thread: null, you: null, editing: null,
  redraw: () => {},
  compose,
};

export const rootOf = (conversationId) =>
  Object.values(tables.posts).find((post) => post.conversation_id === conversationId && !post.thread_ts);

/** Bring the thread of a guest to the front in Slack, if it is there already. */
export function openThreadOf(conversationId) {
  const root = rootOf(conversationId);
  if (!root) return;
  ui.channel = root.channel;
  ui.thread = root.ts;
}

export function chooseYou(id) {
  ui.you = id;
  remember("you", id);
  ui.redraw();
}

/**
 * Wire a composer: Enter sends, Shift+Enter makes a line; the text stays when sending failed.
 * `attachment` may hold a file, which can go without words.
 */
function compose(form, text, problem, act, attachment = null) {
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const written = text.value.trim();
    if (!written && !attachment?.file) return;
    problem.textContent = "";
    try {
      await act(written);
      text.value = "";
    } catch (error) {
      problem.textContent = error.message;
    }
    text.focus();
  });
}

// What the server knows, kept in step by server-sent events: one whole state, then patches.

export const tables = {
  app: {}, apps: {}, homes: {}, modals: {}, people: {}, properties: {}, channels: {}, conversations: {},
  messages: {}, posts: {}, figures: {}, offers: {}, troubles: {}, scene: {}, emoji: {},
};

const listeners = new Set();
let planned = false;

/** Call `listener` once per frame in which something changed. */
export function onChange(listener) {
  listeners.add(listener);
}

export function changed() {
  if (planned) return;
  planned = true;
  const run = () => {
    if (!planned) return;
    planned = false;
    for (const listener of listeners) listener();
  };
  // A hidden window gets no frames; it must not fall behind for that.
  if (document.hidden) setTimeout(run, 50);
  else requestAnimationFrame(run);
}

function replace(state) {
  for (const name of Object.keys(tables)) if (state[name]) tables[name] = state[name];
  changed();
}

function patch({ set = {}, drop = {} }) {
  for (const [name, rows] of Object.entries(set)) Object.assign((tables[name] ??= {}), rows);
  for (const [name, keys] of Object.entries(drop)) for (const key of keys) delete tables[name]?.[key];
  changed();
}

/** Follow the server; the browser reconnects by itself and then gets a whole state again. */
export function follow(onState) {
  const source = new EventSource("/sandbox/events");
  source.addEventListener("state", (event) => {
    replace(JSON.parse(event.data));
    onState("live");
  });
  source.addEventListener("patch", (event) => patch(JSON.parse(event.data)));
  source.addEventListener("error", () => onState("waiting"));
}

/** Send what somebody did; returns the answer or throws an error with words for a person. */
export async function send(path, body, method = "POST") {
  const answer = await fetch(`/sandbox/${path}`, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const data = await answer.json().catch(() => ({}));
  if (!answer.ok || data.ok === false) throw new Error(data.error ?? `The sandbox answered ${answer.status}.`);
  return data;
}

export async function loadEmoji() {
  const answer = await fetch("/sandbox/emoji");
  if (answer.ok) tables.emoji = await answer.json();
}

/** Remember a choice in this browser, where it lets us. */
export function remember(key, value) {
  try {
    if (value === undefined) return localStorage.getItem(`bridgebot.${key}`);
    localStorage.setItem(`bridgebot.${key}`, value);
  } catch {
    // Private windows may refuse storage; the page works without.
  }
  return null;
}

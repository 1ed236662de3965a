// Small helpers to build elements. Data only ever becomes text nodes or checked attributes.

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else if (name === "style") Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

export const byId = (id) => document.getElementById(id);

const reachable = "button, a, select, input, textarea";

/** Make `container` show `items` in order, keeping the elements of those that did not change. */
export function show(container, items, make) {
  const kept = new Map([...container.children].map((child) => [child.dataset.key, child]));
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  const focusedRow = focused?.closest("[data-key]");
  const focusedKey = focusedRow?.dataset.key;
  const focusedAt = focusedRow ? [...focusedRow.querySelectorAll(reachable)].indexOf(focused) : 0;
  let at = container.firstElementChild;
  for (const { key, data } of items) {
    const signature = JSON.stringify(data);
    let element = kept.get(key);
    kept.delete(key);
    if (!element || element.signature !== signature) {
      const fresh = make(data);
      fresh.dataset.key = key;
      fresh.signature = signature;
      if (element) {
        if (at === element) at = element.nextElementSibling;
        element.remove();
      }
      element = fresh;
    }
    if (element === at) at = at.nextElementSibling;
    else container.insertBefore(element, at);
  }
  for (const gone of kept.values()) gone.remove();
  if (focused && !focused.isConnected && focusedKey) {
    const place = [...container.children].find((child) => child.dataset.key === focusedKey);
    const fresh = [...(place?.querySelectorAll(reachable) ?? [])];
    (fresh[focusedAt] ?? fresh[0])?.focus({ preventScroll: true });
  }
}

const hues = [205, 340, 28, 160, 265, 95, 300, 185, 10, 230];

/** A square with initials, in a colour that stays with the name. */
export function avatar(name, { app = false, round = false } = {}) {
  const words = name.replace(/\(.*?\)/g, " ").replace(/[^\p{L}\p{N} ]/gu, " ").trim().split(/\s+/);
  let sum = 0;
  for (const letter of words.join(" ")) sum = (sum * 31 + letter.codePointAt(0)) >>> 0;
  const letters = (words[0]?.[0] ?? "?") + (words.length > 1 ? words.at(-1)[0] : "");
  return h("span", {
    class: "avatar" + (app ? " app" : "") + (round ? " round" : ""),
    "aria-hidden": "true",
    style: app ? {} : { background: `hsl(${hues[sum % hues.length]} 55% 32%)` },
  }, app ? "⌒" : letters.toUpperCase());
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });

/** The time of day, with the day before it when it is not today. */
export function when(date) {
  const today = new Date().toDateString() === date.toDateString();
  return today ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

export const dateOnly = (text) => (text ? day.format(new Date(`${text}T12:00:00`)) : "");

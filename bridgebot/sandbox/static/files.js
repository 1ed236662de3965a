// Pictures and files: shown below a message, and attached in a composer.

import { byId, h } from "./dom.js";
import { send, tables } from "./store.js";

const largest = 10_000_000;
// A title says nothing of the kind: what has no ending is tried as a picture.
const isPicture = (name) => /\.(png|jpe?g|gif|webp)$/i.test(name) || !/\.\w{1,5}$/.test(name);
const size = (bytes) => (bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1000))} kB`);

const named = (file) => h("span", {}, `📎 ${file.name} · ${size(file.size)}`);

function shown(file) {
  if (!isPicture(file.name)) return named(file);
  const picture = h("img", { src: file.url, alt: file.name, loading: "lazy", onerror: () => picture.replaceWith(named(file)) });
  return picture;
}

/** The files of a message; only those that this page's own server gives out. */
export function attached(files) {
  const own = (files ?? []).filter((file) => file.url?.startsWith("/sandbox/"));
  if (!own.length) return null;
  return h("div", { class: "files" }, own.map((file) => h("a", { class: "file", href: file.url, target: "_blank", rel: "noopener" }, shown(file))));
}

/** Whether this server takes pictures: then its messages tell of theirs. */
export const takesPictures = () => Object.values(tables.messages).some((message) => Array.isArray(message.pictures));

function read(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(new Error("The file cannot be read."));
    reader.readAsDataURL(file);
  });
}

/** Let a composer take a file: `<name>-file` chooses it, `<name>-chosen` shows it. */
export class Attachment {
  constructor(name) {
    this.input = byId(`${name}-file`);
    this.button = byId(`${name}-attach`);
    this.chosen = byId(`${name}-chosen`);
    this.button.addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => this.#draw());
  }

  get file() {
    return this.input.files[0] ?? null;
  }

  /** Offer it where the server takes pictures. */
  offer(possible) {
    this.button.hidden = !possible;
  }

  #draw() {
    this.chosen.hidden = !this.file;
    if (!this.file) return;
    this.chosen.replaceChildren(`📎 ${this.file.name} · ${size(this.file.size)} `,
      h("button", { type: "button", onclick: () => this.clear() }, "Remove"));
  }

  clear() {
    this.input.value = "";
    this.#draw();
  }

  /** Send the chosen file with the words; the file stays when that fails. */
  async send(path, body) {
    if (this.file.size > largest) throw new Error("A picture may have 10 MB at most.");
    await send(path, { ...body, name: this.file.name, data: await read(this.file) });
    this.clear();
  }
}

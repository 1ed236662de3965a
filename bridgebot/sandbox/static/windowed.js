// A list that draws only what is near the eye, so that thousands of rows stay smooth.

import { show } from "./dom.js";

const most = 120;
const step = 40;
const near = 400;

export class Windowed {
  constructor(container) {
    this.container = container;
    this.items = [];
    this.start = 0;
    this.end = 0;
    this.atEnd = true;
    // A list that stood at its end stays there when a drawer takes some of its height.
    new ResizeObserver(() => {
      this.height = container.clientHeight;
      if (this.atEnd) container.scrollTop = container.scrollHeight;
    }).observe(container);
    container.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    container.addEventListener("keydown", (event) => {
      if (event.target !== container || !["Home", "End"].includes(event.key)) return;
      event.preventDefault();
      if (event.key === "End") this.toEnd();
      else this.#move(0, () => { container.scrollTop = 0; });
    });
  }

  /** Draw `items`; a list that stood at its end follows what comes, and `force` brings it there. */
  draw(items, make, force = false) {
    const follow = force || (this.end >= this.items.length && this.#below() < 80);
    this.items = items;
    this.make = make;
    if (follow) this.toEnd();
    else this.#move(this.start);
  }

  toEnd() {
    this.#move(this.items.length - most, () => { this.container.scrollTop = this.container.scrollHeight; });
  }

  /** Bring the row with this key into sight. */
  reveal(key) {
    const index = this.items.findIndex((item) => item.key === key);
    if (index < 0) return;
    if (index < this.start || index >= this.end) this.#move(index - most / 2);
    [...this.container.children].find((child) => child.dataset.key === key)?.scrollIntoView({ block: "nearest" });
  }

  #move(start, then = null) {
    this.start = Math.max(0, Math.min(start, this.items.length - most));
    this.end = Math.min(this.items.length, this.start + most);
    const anchor = then ? null : this.#anchor();
    show(this.container, this.items.slice(this.start, this.end), this.make);
    if (then) then();
    // What one is reading stays where it is while rows come and go above it.
    else if (anchor?.row.isConnected) this.container.scrollTop += anchor.row.offsetTop - anchor.top;
    this.#note();
  }

  #below() {
    const { scrollHeight, scrollTop, clientHeight } = this.container;
    return scrollHeight - scrollTop - clientHeight;
  }

  #note() {
    const there = this.end >= this.items.length && this.#below() < 2;
    // A list whose height has just changed, and was not told of it yet, did not leave its end.
    if (there || this.container.clientHeight === this.height) this.atEnd = there;
  }

  #anchor() {
    const { scrollTop } = this.container;
    const row = [...this.container.children].find((child) => child.offsetTop + child.offsetHeight > scrollTop);
    return row && { row, top: row.offsetTop };
  }

  #scrolled() {
    this.#note();
    if (this.container.scrollTop < near && this.start > 0) this.#move(this.start - step);
    else if (this.#below() < near && this.end < this.items.length) this.#move(this.start + step);
  }
}

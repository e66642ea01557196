// What the demos draw with.

import { visibleText } from "../visible_text.js";

/** An element with attributes and children; text stays text, whoever sent it. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  const visible = (child) => (typeof child === "string" ? visibleText(child) : child);
  made.append(...children.map(visible));
  return made;
}

/**
 * Makes `list` show `items` in their order. What is there under the same key stays as it is, and
 * with it the focus; what is new is made by `draw(item)`.
 */
export function drawList(list, items, { keyOf, draw }) {
  const wanted = new Set(items.map((item) => keyOf(item)));
  const present = new Map();
  for (const child of [...list.children]) {
    if (wanted.has(child.dataset.key)) present.set(child.dataset.key, child);
    else child.remove();
  }
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    const child = present.get(key) ?? draw(item);
    child.dataset.key = key;
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  }
}

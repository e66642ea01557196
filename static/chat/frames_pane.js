// A list of the frames that went by, each way, the newest last.

import { visibleText } from "../visible_text.js";

const FRAMES_MAX = 500;
const BODY_CHARACTERS_MAX = 4_000;
const PRETTY_CHARACTERS_MAX = 20_000;
const HEAD_CHARACTERS_MAX = 4_000;
const COMMAND_CHARACTERS_MAX = 100;

/** Shows frames in `list`; `add` takes what a WebSocket sent or received. */
export function createFramesPane(list) {
  return {
    add(way, data) {
      const atEnd = isAtEnd(list);
      list.append(frameItem(way, data));
      while (list.childElementCount > FRAMES_MAX) list.firstElementChild.remove();
      if (atEnd) list.scrollTop = list.scrollHeight;
    },
    clear() {
      list.replaceChildren();
    },
  };
}

/** Whether a scrolled list shows its end, and so should follow what is added. */
export function isAtEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 40;
}

function frameItem(way, data) {
  const text = typeof data === "string" ? data : new TextDecoder().decode(data);
  const item = element("li", { "data-way": way });
  const when = element("div", { class: "when" });
  when.append(
    element("span", { class: "way" }, way === "out" ? "→ sent" : "← received"),
    element("time", {}, clockTime(new Date())),
    element("span", {}, sizeOf(data)),
  );
  item.append(when);
  if (/^[\r\n]+$/.test(text)) {
    item.dataset.beat = "";
    when.append(element("span", {}, "♥ heart-beat"));
  } else {
    item.append(frameText(text));
  }
  return item;
}

function frameText(text) {
  const pre = element("pre");
  const headEnd = text.search(/\r?\n\r?\n/);
  const head = headEnd < 0 ? text : text.slice(0, headEnd);
  const [command, ...headers] = head.split(/\r?\n/);
  pre.append(element("b", {}, visibleText(command, COMMAND_CHARACTERS_MAX)), "\n");
  if (headers.length > 0) {
    const shown = visibleText(headers.join("\n"), HEAD_CHARACTERS_MAX);
    pre.append(element("span", { class: "headers" }, `${shown}\n`));
  }
  if (headEnd >= 0) {
    const rest = text.slice(headEnd).replace(/^\r?\n\r?\n/, "");
    const type = headers.find((line) => line.startsWith("content-type:")) ?? "";
    pre.append(element("span", {}, `\n${pretty(rest, type)}`));
  }
  return pre;
}

function pretty(rest, type) {
  const end = rest.lastIndexOf("\0");
  const body = end < 0 ? rest : rest.slice(0, end);
  let shown = body;
  if (type.includes("json") && body.length <= PRETTY_CHARACTERS_MAX) {
    try {
      shown = JSON.stringify(JSON.parse(body), null, 2);
    } catch {
      // Not JSON after all: shown as it is.
    }
  }
  const length = shown.length > BODY_CHARACTERS_MAX ? ` (${body.length} characters)` : "";
  // The NUL that ends a frame, and any other, as the specification writes it.
  const text = `${visibleText(shown.replaceAll("\0", "^@"), BODY_CHARACTERS_MAX)}${length}`;
  return end < 0 ? text : `${text}^@`;
}

function sizeOf(data) {
  const count = typeof data === "string" ? new TextEncoder().encode(data).length : data.byteLength;
  return `${count} B`;
}

function clockTime(date) {
  const pad = (value, width) => String(value).padStart(width, "0");
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => pad(n, 2));
  return `${parts.join(":")}.${pad(date.getMilliseconds(), 3)}`;
}

function element(name, attributes = {}, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

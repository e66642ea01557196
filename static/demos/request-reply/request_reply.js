// Request and reply: the form, the list of requests, and a responder that can be switched off.

import { connectPage } from "../connect_page.js";
import { element } from "../element.js";
import { newId } from "../new_id.js";
import { createAsker, startResponder } from "./requests.js";

const WAITS_MS = 3_000;
const REQUESTS_MAX = 50;
const TEXT_CHARACTERS_MAX = 200;
const WORDS = ["salt", "honey", "pepper", "lemon", "thyme"];

const byId = (id) => document.getElementById(id);
const windowName = newId(3);
const counts = { outstanding: 0, answered: 0, unanswered: 0, late: 0, given: 0 };
let asker;
let stopResponder;
let client;

connectPage({
  onConnected(connected) {
    client = connected;
    asker = createAsker(client, { onLate: () => count("late", 1) });
    switchResponder();
  },
  onLost() {
    asker.close();
    switchResponder();
  },
});

// Asking

async function ask(text) {
  const state = element("span", { class: "outcome" }, "waiting");
  const progress = element("span", { class: "progress" });
  const item = element("li", {}, element("b", {}, text), state, progress);
  byId("requests").prepend(item);
  while (byId("requests").childElementCount > REQUESTS_MAX) byId("requests").lastChild.remove();
  progress.animate([{ transform: "scaleX(1)" }, { transform: "scaleX(0)" }], {
    duration: WAITS_MS,
  });

  const since = performance.now();
  count("outstanding", 1);
  try {
    const reply = await asker.ask(text, WAITS_MS);
    const tookMs = Math.round(performance.now() - since);
    const by = (reply.headers["answered-by"] ?? "somebody").slice(0, 16);
    item.dataset.outcome = "answered";
    state.replaceChildren(
      element("span", {}, reply.body.slice(0, TEXT_CHARACTERS_MAX)),
      element("small", {}, `by ${by} in ${tookMs} ms`),
    );
    count("answered", 1);
  } catch (error) {
    item.dataset.outcome = "unanswered";
    state.textContent = error.message;
    count("unanswered", 1);
  }
  progress.remove();
  count("outstanding", -1);
}

function count(name, change) {
  counts[name] += change;
  document.querySelector(`[data-count=${name}]`).textContent = counts[name];
}

// Answering

function switchResponder() {
  stopResponder?.();
  stopResponder = undefined;
  if (!byId("responder").checked || !client?.connected) return;
  stopResponder = startResponder(client, { name: windowName, answer });
}

/** The text in capitals, after about as long as the slider says. */
async function answer(text, signal) {
  const aboutMs = Number(byId("seconds").value) * 1_000;
  await new Promise((resolve) => setTimeout(resolve, aboutMs * (0.5 + Math.random())));
  if (!signal.aborted) count("given", 1);
  return text.slice(0, TEXT_CHARACTERS_MAX).toUpperCase();
}

// The controls

byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!client?.connected) return;
  const isFive = event.submitter?.id === "five";
  for (const text of isFive ? WORDS : [byId("text").value]) void ask(text);
});
byId("responder").addEventListener("change", switchResponder);
byId("seconds").addEventListener("input", () => {
  byId("seconds-shown").textContent = `${Number(byId("seconds").value).toFixed(1)} s`;
});
byId("name").textContent = windowName;

// The work queue: a board of jobs, and three workers for each window.

import { connectPage } from "../connect_page.js";
import { drawList, element } from "../element.js";
import { newId } from "../new_id.js";
import { addJob, followNews, lookAtDeadLetters, lookAtJobs, retry, startWorker } from "./jobs.js";

const JOBS_MAX = 1_000; // Remembered here; the queue may hold more.
const SHOWN_MAX = 120;
const LOOK_EVERY_MS = 3_000;
const LOOK_AFTER_MS = 100;

const byId = (id) => document.getElementById(id);
const windowName = newId(3);
const jobs = new Map(); // By id: what is known of each, the latest news last.
const workers = [...document.querySelectorAll("[data-worker]")].map((card, index) => ({
  name: `${windowName} ${index + 1}`,
  power: card.querySelector("input"),
  place: card.querySelector(".place"),
  stop: undefined,
}));
let deadLetters = [];
let numberOfJobs = 0;
let lookTimer;
let client;

connectPage({
  async onConnected(connected) {
    client = connected;
    // What happened meanwhile nobody told us; what waits can be seen.
    for (const [id, { state }] of jobs) if (state !== "done") jobs.delete(id);
    followNews(client, learn);
    for (const worker of workers) switchWorker(worker);
    await Promise.all([lookAtWaiting(), lookAtDead()]);
  },
  onLost() {
    for (const worker of workers) switchWorker(worker);
  },
});

// Jobs

function add(kind) {
  numberOfJobs += 1;
  addJob(client, { id: `${windowName}-${numberOfJobs}`, kind });
}

function learn(news) {
  jobs.delete(news.id);
  jobs.set(news.id, news);
  if (jobs.size > JOBS_MAX) jobs.delete(jobs.keys().next().value);
  // A refusal may have been the last; a job that waits may have come back from the dead.
  const wasDead = deadLetters.some(({ id }) => id === news.id);
  if (news.state === "refused" || wasDead) lookAtDeadSoon();
  draw();
}

async function lookAtWaiting() {
  for (const job of await lookAtJobs(client)) {
    if (jobs.get(job.id)?.state !== "waiting") learn({ ...job, state: "waiting" });
  }
}

function lookAtDeadSoon() {
  lookTimer ??= setTimeout(() => {
    lookTimer = undefined;
    if (client.connected) void lookAtDead();
  }, LOOK_AFTER_MS);
}

async function lookAtDead() {
  deadLetters = await lookAtDeadLetters(client);
  for (const { id } of deadLetters) jobs.delete(id);
  draw();
}

// A window that was closed tells nobody what its workers held.
setInterval(() => {
  const isOpen = [...jobs.values()].some(({ state }) => state !== "done");
  if (isOpen && client?.connected && !document.hidden) void lookAtWaiting();
}, LOOK_EVERY_MS);

// Workers

function switchWorker(worker) {
  worker.stop?.();
  worker.stop = undefined;
  worker.place.replaceChildren();
  if (!worker.power.checked || !client?.connected) return;
  worker.stop = startWorker(client, {
    name: worker.name,
    work: (job, signal) => work(worker, job, signal),
  });
}

async function work({ place }, job, signal) {
  const workMs = Number(byId("seconds").value) * 1_000;
  const bar = element("span", { class: "progress" });
  place.replaceChildren(chip(job), bar);
  bar.animate([{ transform: "scaleX(0)" }, { transform: "scaleX(1)" }], { duration: workMs });
  try {
    await sleep(workMs, signal);
    if (job.kind === "shaky" && job.attempt === 1) throw new Error("Did not work this time");
    if (job.kind === "broken" && !byId("fixed").checked) throw new Error("Cannot be done");
  } finally {
    if (!signal.aborted) place.replaceChildren();
  }
}

function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, ms);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

// The board, drawn once a frame at most

let isDrawing = false;

function draw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    drawBoard();
  });
}

function drawBoard() {
  const all = [...jobs.values()];
  const ours = new Set(workers.map(({ name }) => name));
  const waiting = all.filter(({ state }) => state === "waiting" || state === "refused");
  const elsewhere = all.filter(({ state, worker }) => state === "working" && !ours.has(worker));
  const done = all.filter(({ state }) => state === "done");
  drawChips("waiting", waiting);
  drawChips("elsewhere", elsewhere);
  drawChips("done", done.toReversed());
  byId("dead-count").textContent = deadLetters.length;
  byId("retry-all").hidden = deadLetters.length < 2;
  drawList(byId("dead"), deadLetters.slice(0, SHOWN_MAX), {
    keyOf: ({ messageId }) => messageId,
    draw: deadLetterItem,
  });
  const open = all.length - done.length;
  const sentence = open > 0 ? "" : `${done.length} done, ${deadLetters.length} dead letters`;
  if (byId("summary").textContent !== sentence) byId("summary").textContent = sentence;
}

function drawChips(name, list) {
  byId(`${name}-count`).textContent = list.length;
  drawList(byId(name), list.slice(0, SHOWN_MAX), {
    keyOf: ({ id, state, attempt }) => `${id} ${state} ${attempt}`,
    draw: (job) => element("li", {}, chip(job)),
  });
}

function chip({ kind, label, state, worker, attempt }) {
  const made = element("span", { class: "job", "data-kind": kind }, label);
  if (kind !== "good") made.append(element("span", { class: "visually-hidden" }, `, ${kind}`));
  if (attempt > 1) made.append(element("small", { title: "Attempts" }, `×${attempt}`));
  if (state === "working" && worker) made.append(element("small", {}, worker));
  return made;
}

function deadLetterItem(letter) {
  const button = element("button", { class: "small", type: "button" }, "Retry");
  button.setAttribute("aria-label", `Retry job ${letter.label}`);
  button.addEventListener("click", () => client.connected && retry(client, letter));
  const why = element("span", { class: "muted" }, letter.reason ?? "");
  return element("li", { class: "row" }, chip(letter), why, button);
}

// The controls

byId("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const [count, broken, shaky] = ["count", "broken", "shaky"].map((id) => byId(id).valueAsNumber);
  const kinds = Array.from({ length: count }, (_, index) => {
    if (index < broken) return "broken";
    return index < broken + shaky ? "shaky" : "good";
  });
  for (const kind of shuffled(kinds)) add(kind);
});

for (const worker of workers) {
  worker.power.addEventListener("change", () => switchWorker(worker));
}

byId("retry-all").addEventListener("click", () => {
  if (client.connected) for (const letter of deadLetters.slice(0, SHOWN_MAX)) retry(client, letter);
});

byId("seconds").addEventListener("input", () => {
  byId("seconds-shown").textContent = `${Number(byId("seconds").value).toFixed(1)} s`;
});

function shuffled(list) {
  for (let index = list.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [list[index], list[other]] = [list[other], list[index]];
  }
  return list;
}

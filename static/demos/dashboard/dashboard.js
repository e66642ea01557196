// The dashboard: many messages a second, drawn once a frame.

import { connectPage } from "../connect_page.js";
import { createChart } from "./chart.js";

const ALL = "/topic/demo.load.*";
const FIGURES_EVERY_MS = 500;
const LATENCIES_MAX = 1_000;
const CALM_EVERY_MS = 1_000;

const byId = (id) => document.getElementById(id);
const numbers = new Intl.NumberFormat("en");
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
const machines = new Map();
for (const figure of document.querySelectorAll("[data-machine]")) {
  machines.set(`/topic/demo.load.${figure.dataset.machine}`, {
    chart: createChart(figure.querySelector("canvas")),
    shown: figure.querySelector("output"),
    load: undefined,
  });
}

const feed = new Worker(new URL("./feed.js", import.meta.url), { type: "module" });
let subscription;
let client;
let isPaused = false;
let total = 0;
let frames = 0;
let latencies = [];

connectPage({
  onConnected(connected) {
    client = connected;
    subscription = undefined;
    listen();
  },
});

// A topic keeps nothing for those who do not listen: a pause leaves a gap.
function listen() {
  subscription?.unsubscribe();
  subscription = isPaused ? undefined : client.subscribe(ALL, receive);
}

// As little as possible for each message; the rest can wait for the next frame.
function receive(message) {
  total += 1;
  const machine = machines.get(message.headers.destination);
  const { load, at } = parse(message.body);
  if (!machine || !Number.isFinite(load)) return;
  machine.load = load;
  machine.chart.add(load, performance.now());
  if (Number.isFinite(at) && latencies.length < LATENCIES_MAX) {
    latencies.push(performance.timeOrigin + performance.now() - at);
  }
}

function parse(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

// Drawing

let drawnAt = 0;

function frame(now) {
  requestAnimationFrame(frame);
  if (isPaused || (isCalm.matches && now - drawnAt < CALM_EVERY_MS)) return;
  drawnAt = now;
  frames += 1;
  for (const { chart } of machines.values()) chart.draw(now);
}

let before = { at: performance.now(), total: 0 };

function showFigures() {
  const at = performance.now();
  const seconds = (at - before.at) / 1_000;
  byId("rate").textContent = numbers.format(Math.round((total - before.total) / seconds));
  byId("frames").textContent = Math.round(frames / seconds);
  byId("median").textContent = percentile(0.5);
  byId("worst").textContent = percentile(0.99);
  for (const { shown, load } of machines.values()) {
    if (load !== undefined) shown.textContent = `${Math.round(load)} %`;
  }
  before = { at, total };
  frames = 0;
  latencies = [];
}

function percentile(part) {
  if (latencies.length === 0) return "–";
  latencies.sort((a, b) => a - b);
  return `${Math.max(0, latencies[Math.floor(part * latencies.length)]).toFixed(1)} ms`;
}

// The controls

function setRate() {
  const perSecond = byId("publish").checked ? Number(byId("per-second").value) : 0;
  feed.postMessage({ perSecond });
  byId("per-second-shown").textContent = `${numbers.format(byId("per-second").value)} / s`;
}

byId("publish").checked = location.hash !== "#watch";
byId("publish").addEventListener("change", setRate);
byId("per-second").addEventListener("input", setRate);
byId("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  byId("pause").textContent = isPaused ? "Go on" : "Pause";
  if (client?.connected) listen();
});

setRate();
setInterval(showFigures, FIGURES_EVERY_MS);
requestAnimationFrame(frame);

// A client whose plug can be pulled, and a second one that goes on sending meanwhile.

import { brokerUrl } from "../../broker.js";
import { createConnection } from "../../chat/connection.js";
import { connectPage } from "../connect_page.js";
import { element } from "../element.js";
import { newId } from "../new_id.js";
import { createOutbox, createSeen } from "./outbox.js";
import { durableName, listen, ticksOf } from "./subscriptions.js";

const NOTES = "/topic/demo.notes";
const TICK_EVERY_MS = 500;
const TICKS_KEPT_MS = 60_000;
const NOTES_KEPT_MS = 600_000;
const TICKS_MAX = 300; // Remembered here.
const LINES_MAX = 50;
const TEXT_CHARACTERS_MAX = 200;

const byId = (id) => document.getElementById(id);
const name = newId(4); // This window's, in its destinations and durable subscriptions.
const isNew = createSeen();
const outbox = createOutbox({
  destination: NOTES,
  headers: { "content-type": "text/plain", ttl: String(NOTES_KEPT_MS) },
  onChange: showSending,
});

// The client

let isPlugged = true;
let attempts = 0;
let now = { kind: "off" };
let ticks;
let notes;

const connection = connectPage({
  isOnline: () => isPlugged,
  onConnected(client) {
    ticks = listen(client, name, receiveTick);
    const headers = { ack: "client-individual", ...durableName("notes", name) };
    notes = client.subscribe(NOTES, receiveNote, headers);
    outbox.connected(client);
    say(`Connected at attempt ${attempts}, all subscriptions made anew`);
    attempts = 0;
  },
  onLost: () => say("Connection lost"),
  onState(state) {
    now = state;
    if (state.kind === "connecting") attempts += 1;
    if (state.kind === "waiting" && attempts > 0) {
      say(`Attempt ${attempts} failed: ${state.reason || "no answer"}`);
    }
    showCountdown();
  },
});

function setPlug(isIn) {
  isPlugged = isIn;
  byId("plug").textContent = isIn ? "Pull the plug" : "Plug in";
  say(isIn ? "Plugged in, the next attempt gets through" : "Plug pulled");
  if (!isIn) connection.client.forceDisconnect();
}

function showCountdown() {
  const isWaiting = now.kind === "waiting";
  const seconds = isWaiting ? Math.max(0, Math.ceil((now.until - Date.now()) / 1_000)) : 0;
  byId("countdown").textContent = isWaiting ? `Next attempt in ${seconds} s` : "";
  byId("retry").disabled = !isWaiting;
}

function say(sentence) {
  const time = new Date().toLocaleTimeString("en-GB");
  prepend(
    byId("log"),
    element("li", {}, element("small", {}, time), element("span", {}, sentence)),
  );
}

// Ticks: the other client numbers and sends them, this one listens in three ways.

const lanes = Object.fromEntries(
  ["topic", "durable", "queue"].map((way) => {
    const lane = document.querySelector(`[data-way=${way}]`);
    return [
      way,
      { lane, cells: [...lane.querySelectorAll("i")], seen: new Map(), late: 0, all: 0 },
    ];
  }),
);
const whileAway = new Map(); // By number: whether this client was away when it was sent.
let last = 0;

const other = createConnection(brokerUrl, { onState: () => {}, onWire: () => {} });
other.connect();

setInterval(() => {
  if (!other.client.connected || !ticks) return;
  last += 1;
  remember(whileAway, last, !connection.client.connected);
  other.client.publish({
    destination: ticksOf(name),
    headers: { ttl: String(TICKS_KEPT_MS) },
    body: String(last),
  });
  drawSoon();
}, TICK_EVERY_MS);

function receiveTick(way, { body }) {
  const number = Number(body);
  const lane = lanes[way];
  // What was not acknowledged in time comes twice.
  if (!whileAway.has(number) || lane.seen.has(number)) return;
  const isLate = whileAway.get(number);
  remember(lane.seen, number, isLate ? "late" : "here");
  lane.all += 1;
  if (isLate) lane.late += 1;
  drawSoon();
}

function remember(map, key, value) {
  map.set(key, value);
  if (map.size > TICKS_MAX) map.delete(map.keys().next().value);
}

let isDrawing = false;

function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    for (const { lane, cells, seen, late, all } of Object.values(lanes)) {
      for (const [index, cell] of cells.entries()) {
        const number = last - cells.length + 1 + index;
        cell.dataset.tick = number < 1 ? "none" : (seen.get(number) ?? "absent");
      }
      lane.querySelector("[data-all]").textContent = all;
      lane.querySelector("[data-late]").textContent = late;
      lane.querySelector("[data-absent]").textContent = last - all;
    }
  });
}

// Notes: typed here, sent when there is a connection, shown once.

function showSending(id, what) {
  const word = { kept: "kept here", sent: "sent", confirmed: "confirmed" }[what];
  const line = document.querySelector(`[data-note="${id}"] small`);
  if (line) line.textContent = word;
}

function send() {
  const text = byId("text").value.slice(0, TEXT_CHARACTERS_MAX);
  const id = outbox.add(text);
  if (!id) return say("Too many notes wait: this one was not taken");
  const state = connection.client.connected ? "sent" : "kept here";
  const item = element("li", { "data-note": id }, element("span", {}, text));
  item.append(element("small", {}, state));
  prepend(byId("sending"), item);
}

let doubles = 0;

function receiveNote(message) {
  message.ack();
  const id = message.headers.note;
  if (id && !isNew(id)) {
    doubles += 1;
    byId("doubles").textContent = doubles;
    return;
  }
  const text = message.body.slice(0, TEXT_CHARACTERS_MAX);
  prepend(byId("received"), element("li", {}, element("span", {}, text)));
}

function prepend(list, item) {
  list.prepend(item);
  while (list.childElementCount > LINES_MAX) list.lastElementChild.remove();
}

// The controls

byId("plug").addEventListener("click", () => setPlug(!isPlugged));
byId("retry").addEventListener("click", () => {
  connection.retry();
  byId("plug").focus();
});
byId("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
  // The broker has it, but its receipt does not come through any more.
  if (event.submitter?.id === "cut" && isPlugged) setPlug(false);
});
addEventListener("pagehide", () => {
  if (!connection.client.connected) return;
  ticks.end();
  notes.unsubscribe(durableName("notes", name));
});
setInterval(showCountdown, 250);

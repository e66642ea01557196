// The chat: a room is the topic /topic/chat.ROOM, and a message is JSON with a nick and a text.

import { brokerRoot, brokerUrl } from "../broker.js";
import { visibleText } from "../visible_text.js";
import { createConnection } from "./connection.js";
import { createFramesPane, isAtEnd } from "./frames_pane.js";

const MESSAGES_MAX = 500;
const TEXT_CHARACTERS_MAX = 4_000;
const NICK_CHARACTERS_MAX = 24;
const ROOM = /^[A-Za-z0-9_-]{1,40}$/;
const NICK = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,24}$/u;
const DEFAULT_ROOM = "lobby";

const byId = (id) => document.getElementById(id);
const state = byId("state");
const countdown = byId("countdown");
const retry = byId("retry");
const nick = byId("nick");
const room = byId("room");
const toggle = byId("toggle");
const problem = byId("settings-problem");
const messages = byId("messages");
const text = byId("text");
const sendButton = byId("send");
const frames = byId("frames");

const pane = createFramesPane(frames);
const connection = createConnection(brokerUrl, { onState: showState, onWire: pane.add });
let now = { kind: "off" };
let subscription;
let currentRoom;
let currentNick;

// Nickname and room

function roomOfAddress() {
  const name = location.hash.slice(1);
  return ROOM.test(name) ? name : DEFAULT_ROOM;
}

function rememberedNick() {
  const kept = sessionStorage.getItem("nick") ?? "";
  return NICK.test(kept) ? kept : `guest-${Math.floor(Math.random() * 900 + 100)}`;
}

function check(input, valid, sentence) {
  input.setAttribute("aria-invalid", String(!valid));
  input.setCustomValidity(valid ? "" : sentence);
  problem.textContent = valid ? "" : sentence;
  return valid;
}

function takeNick() {
  const wanted = nick.value.trim();
  if (!check(nick, NICK.test(wanted), "A nickname is 1 to 24 characters")) return false;
  currentNick = wanted;
  sessionStorage.setItem("nick", wanted);
  return true;
}

function takeRoom() {
  const wanted = room.value.trim();
  const sentence = "A room is 1 to 40 letters, digits, hyphens or underscores";
  if (!check(room, ROOM.test(wanted), sentence)) return false;
  if (wanted !== currentRoom) enter(wanted);
  return true;
}

function enter(name) {
  currentRoom = name;
  room.value = name;
  if (location.hash.slice(1) !== name) location.hash = name;
  document.title = `#${name} · Chat · stompbox`;
  const destination = `/topic/chat.${name}`;
  byId("destination").textContent = destination;
  byId("second").hash = name;
  byId("curl").textContent =
    `curl -H "content-type: text/plain" -d "Hello" \\\n` +
    `  "${new URL("api/v1/send", brokerRoot)}?destination=${destination}"`;
  messages.replaceChildren();
  note(`You are in #${name}`);
  subscribe();
}

function subscribe() {
  if (!connection.client.connected) return;
  subscription?.unsubscribe();
  subscription = connection.client.subscribe(`/topic/chat.${currentRoom}`, showMessage);
}

// What is said

function showMessage(message) {
  const said = parse(message);
  const item = document.createElement("li");
  item.className = "message";
  if (said.nick === currentNick) item.dataset.mine = "";
  const header = document.createElement("header");
  const who = document.createElement("b");
  who.textContent = visibleText(said.nick);
  const when = document.createElement("time");
  const date = new Date(Number(message.headers.timestamp) || Date.now());
  when.dateTime = date.toISOString();
  when.textContent = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  header.append(who, when);
  item.append(header, visibleText(said.text, TEXT_CHARACTERS_MAX));
  append(item);
}

// Whatever is not our JSON is shown as the text it is, so that any program can join in.
function parse(message) {
  try {
    const said = JSON.parse(message.body);
    if (typeof said.nick === "string" && typeof said.text === "string") {
      const nick = said.nick.slice(0, NICK_CHARACTERS_MAX).replace(/\s+/g, " ").trim();
      return { nick: nick || "?", text: said.text };
    }
  } catch {
    // Plain text.
  }
  return { nick: "plain text", text: message.body };
}

function note(sentence) {
  const item = document.createElement("li");
  item.className = "note";
  item.textContent = visibleText(sentence);
  append(item);
}

function append(item) {
  const atEnd = isAtEnd(messages);
  messages.append(item);
  while (messages.childElementCount > MESSAGES_MAX) messages.firstElementChild.remove();
  if (atEnd) messages.scrollTop = messages.scrollHeight;
}

// The connection

function showState(next) {
  const before = now;
  now = next;
  const [tone, sentence] = {
    off: ["", "Disconnected"],
    connecting: ["wait", "Connecting…"],
    on: ["good", "Connected"],
    waiting: ["wait", "Connection lost"],
    stopped: ["bad", "Stopped by the broker"],
  }[next.kind];
  state.dataset.tone = tone;
  state.textContent = sentence;
  sendButton.disabled = next.kind !== "on";
  retry.hidden = next.kind !== "waiting";
  toggle.textContent = next.kind === "off" || next.kind === "stopped" ? "Connect" : "Disconnect";
  showCountdown();
  if (next.kind === "on") {
    subscription = undefined;
    subscribe();
  }
  if (next.kind === "stopped") note(`The broker refused: ${next.reason || "no reason given"}`);
  if (next.kind === "waiting" && before.kind === "on") {
    note(next.reason ? `Connection lost: ${next.reason}` : "Connection lost");
  }
}

function showCountdown() {
  countdown.hidden = now.kind !== "waiting";
  if (now.kind !== "waiting") return;
  const seconds = Math.max(0, Math.ceil((now.until - Date.now()) / 1_000));
  countdown.textContent = `next try in ${seconds} s`;
}

toggle.addEventListener("click", () => {
  if (now.kind === "off" || now.kind === "stopped") connection.connect();
  else void connection.disconnect();
});
retry.addEventListener("click", () => {
  connection.retry();
  toggle.focus();
});
window.addEventListener("online", () => connection.retry());
setInterval(showCountdown, 250);

// Forms

nick.addEventListener("change", takeNick);
room.addEventListener("change", takeRoom);
byId("settings").addEventListener("submit", (event) => {
  event.preventDefault();
  if (takeNick() && takeRoom()) text.focus();
});
window.addEventListener("hashchange", () => {
  if (roomOfAddress() !== currentRoom) enter(roomOfAddress());
});
byId("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  if (text.value === "" || !connection.client.connected || !takeNick() || !takeRoom()) return;
  connection.client.publish({
    destination: `/topic/chat.${currentRoom}`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ nick: currentNick, text: text.value }),
  });
  text.value = "";
});

byId("show-frames").addEventListener("change", (event) => {
  frames.hidden = !event.target.checked;
  frames.scrollTop = frames.scrollHeight;
});
byId("show-beats").addEventListener("change", (event) => {
  frames.toggleAttribute("data-hide-beats", !event.target.checked);
});
byId("clear-frames").addEventListener("click", pane.clear);

nick.value = rememberedNick();
takeNick();
enter(roomOfAddress());
connection.connect();

// Transfers between two accounts, whole or half, and the frames that made them.

import { createFramesPane } from "../../chat/frames_pane.js";
import { connectPage } from "../connect_page.js";
import { drawList, element } from "../element.js";
import { emptyAccount, followAccount, readAccount, transfer } from "./accounts.js";

const ACCOUNTS = ["Alice", "Bob"];
const TOGETHER = 200;
const ENTRIES_MAX = 500;
const SHOWN_MAX = 50;
const READ_AFTER_MS = 50;
const SHOWN_COMMANDS = /^(BEGIN|SEND|COMMIT|ABORT)\n/;

const byId = (id) => document.getElementById(id);
const numbers = new Intl.NumberFormat("en");
const pane = createFramesPane(byId("frames"));
const known = new Map(); // By account: its entries and balance.
const timers = new Map();
let client;

connectPage({
  async onConnected(connected) {
    client = connected;
    for (const account of ACCOUNTS) followAccount(client, account, readSoon);
    await Promise.all(ACCOUNTS.map(read));
  },
  onWire(way, data) {
    if (way === "out" && SHOWN_COMMANDS.test(data)) pane.add(way, data);
  },
});

// Paying

function pay(from, to) {
  if (!client?.connected) return;
  if ([...known.values()].some(({ entries }) => entries.length >= ENTRIES_MAX)) {
    say("bad", "The accounts are full of entries. Start over first.");
    return;
  }
  pane.clear();
  const inTransaction = byId("in-transaction").checked;
  try {
    transfer(client, {
      from,
      to,
      amount: byId("amount").valueAsNumber,
      inTransaction,
      halfWay: HALF_WAY[chosen()],
    });
    if (inTransaction) say("good", "Committed: both entries are there, at once.");
    else say("good", "Both entries were sent, one after the other.");
  } catch {
    if (!inTransaction) say("bad", "The first entry stands, the second was never made.");
    else if (client.connected) say("good", "Aborted: it is as if nothing had been sent.");
    else say("good", "Connection lost before COMMIT: it is as if nothing had been sent.");
  }
}

const HALF_WAY = {
  nothing() {},
  failure() {
    throw new Error("Failed half-way");
  },
  loss() {
    client.forceDisconnect();
  },
};

function chosen() {
  return document.querySelector("[name=half-way]:checked").value;
}

function say(tone, sentence) {
  byId("result").dataset.tone = tone;
  byId("result").textContent = sentence;
}

// The accounts

// Whoever sends many entries at once makes us look once.
function readSoon(account) {
  if (timers.has(account)) return;
  const timer = setTimeout(() => {
    timers.delete(account);
    if (client.connected) void read(account);
  }, READ_AFTER_MS);
  timers.set(account, timer);
}

async function read(account) {
  known.set(account, await readAccount(client, account));
  const { entries, balance } = known.get(account);
  byId(`${account}-balance`).textContent = numbers.format(balance);
  const numbered = entries.map((entry, index) => ({ ...entry, index }));
  drawList(byId(`${account}-entries`), numbered.toReversed().slice(0, SHOWN_MAX), {
    keyOf: ({ index, amount, text }) => `${index} ${amount} ${text}`,
    draw: entryItem,
  });
  if (known.size === ACCOUNTS.length) drawTogether();
}

function entryItem({ amount, text }) {
  const signed = amount < 0 ? `−${numbers.format(-amount)}` : `+${numbers.format(amount)}`;
  return element("li", {}, element("span", {}, text), element("b", {}, signed));
}

function drawTogether() {
  const sum = [...known.values()].reduce((total, { balance }) => total + balance, 0);
  const off = sum - TOGETHER;
  const what = off < 0 ? "missing" : "too many";
  const sentence = off === 0 ? "nothing is missing" : `${numbers.format(Math.abs(off))} ${what}`;
  byId("together").dataset.tone = off === 0 ? "good" : "bad";
  byId("together").textContent = `Together ${numbers.format(sum)}: ${sentence}`;
}

// The controls

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const [from, to] = event.submitter?.value === "Bob" ? ["Bob", "Alice"] : ["Alice", "Bob"];
  pay(from, to);
});

byId("start-over").addEventListener("click", async () => {
  pane.clear();
  say("", "");
  await Promise.all(ACCOUNTS.map((account) => emptyAccount(client, account)));
  pane.clear();
});

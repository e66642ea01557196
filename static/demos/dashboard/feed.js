// A worker with a connection of its own: publishes what eight machines have to do, as often as it
// is told. In a worker, because a browser slows the timers of pages that nobody looks at.

import { brokerUrl } from "../../broker.js";
import { createConnection } from "../../chat/connection.js";

const MACHINES = ["ash", "bay", "elm", "fig", "fir", "oak", "pine", "yew"];
const EVERY_MS = 20;
const BEHIND_MAX_MS = 200;

let perSecond = 0;
let due = 0;
let next = 0;
let before = performance.now();

const { client, connect } = createConnection(brokerUrl, { onState: () => {}, onWire: () => {} });
connect();

self.onmessage = ({ data }) => {
  perSecond = data.perSecond;
};

setInterval(() => {
  const now = performance.now();
  // After a standstill it does not make up for all that it has missed.
  due += (Math.min(now - before, BEHIND_MAX_MS) / 1_000) * perSecond;
  before = now;
  for (; due >= 1; due -= 1) {
    if (client.connected) publish(MACHINES[next]);
    next = (next + 1) % MACHINES.length;
  }
}, EVERY_MS);

function publish(machine) {
  const at = performance.timeOrigin + performance.now();
  client.publish({
    destination: `/topic/demo.load.${machine}`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ load: loadOf(machine, at / 1_000), at }),
  });
}

// From the clock, so that two windows tell the same of one machine.
function loadOf(machine, seconds) {
  const shift = MACHINES.indexOf(machine) * 1.7;
  const slow = Math.sin(seconds / 5 + shift) * 24;
  const quick = Math.sin(seconds * (0.9 + shift / 9) + shift) * 11;
  return Math.round((45 + slow + quick + (Math.random() - 0.5) * 14) * 10) / 10;
}

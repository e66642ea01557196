/**
 * One publisher that sends as fast as its socket takes it, without a window
 * and without waiting for anything. Whenever it is refused it comes again.
 * Prints a line when it begins; when its standard input ends it sends no more,
 * waits until the broker has carried everything out, and prints a line of JSON.
 *
 *     bun bench/flooder.ts URL DESTINATION BYTES
 */

import { Batch } from "../src/bench/batch.ts";
import { stompProtocol } from "../src/bench/stomp_protocol.ts";
import { openRawClient } from "./raw_client.ts";

const [url = "", destination = "", bytes = "100"] = process.argv.slice(2);
const BATCH_BYTES = 128 * 1024;
const DISCONNECT = "DISCONNECT\nreceipt:all\n\n\0";

const outcome = { sent: 0, refused: 0, refusal: "", seconds: 0, waitedSeconds: 0 };
const state = { isStopping: false };
Bun.stdin.text().then(() => {
  state.isStopping = true;
});

/** Sends until it is refused or told to stop. */
async function flood(): Promise<void> {
  const client = await openRawClient(url);
  const bodyBytes = Number(bytes);
  const { frame, places } = stompProtocol.message({
    destination,
    bodyBytes,
    headers: [],
    receipt: false,
  });
  const wrapped = client.wrap(frame);
  if (outcome.sent === 0 && outcome.refused === 0) console.log("ready");
  const capacity = Math.max(1, Math.floor(BATCH_BYTES / wrapped.length));
  const batch = new Batch({ frame: wrapped, places }, capacity);
  // A batch that was begun is sent to its end: what follows must begin with a frame.
  const push = async (frames: Uint8Array, length: number): Promise<void> => {
    const whole = frames.subarray(0, length);
    for (let at = client.write(whole, 0); at < length && !client.isOver();) {
      const since = performance.now();
      await client.writable();
      outcome.waitedSeconds += (performance.now() - since) / 1000;
      at += client.write(whole, at);
    }
  };
  while (!state.isStopping && !client.isOver()) {
    await push(batch.bytes, batch.fill(outcome.sent, capacity));
    if (client.isOver()) break;
    outcome.sent += capacity;
    // What the broker says is read in between.
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!client.isOver()) {
    const last = client.wrap(DISCONNECT);
    await push(last, last.length);
  }
  const heard = await client.hears(/RECEIPT\nreceipt-id:all\n/);
  if (!heard.includes("RECEIPT")) {
    outcome.refused++;
    outcome.refusal = /\ncode:(.*)\n/.exec(heard)?.[1] ?? "cut";
  }
  client.cut();
}

const startedAt = performance.now();
while (!state.isStopping) await flood();
outcome.seconds = (performance.now() - startedAt) / 1000;
console.log(JSON.stringify(outcome));
process.exit(0);

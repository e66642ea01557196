/**
 * Everybody gets what was sent, frame by frame and header by header, whatever
 * carried it to the broker and from there: mixed versions and transports on the
 * same topics, heads that are alike and that differ, texts and bytes, floods.
 * What the simulation (`test/sim`) sends through lines of its own goes through
 * real sockets here. `DELIVERIES_SEED` repeats one run.
 */
import { describe, expect, test } from "bun:test";
import { type Chance, createChance } from "../sim/chance.ts";
import { escapeField, openPeer, type RawPeer } from "../support/peer.ts";
import type { ReceivedFrame, Version } from "../support/received_frame.ts";
import { openTcpLine } from "../support/tcp_line.ts";
import { openWsLine } from "../support/ws_line.ts";
import { type RealBroker, startRealBroker } from "./real_broker.ts";

type Header = readonly [name: string, value: string];

/** A message as it was sent. */
interface Sent {
  readonly writer: string;
  readonly topic: string;
  /** Those that are sent on, unescaped, in order. */
  readonly headers: readonly Header[];
  readonly body: Uint8Array;
}

interface Reader {
  readonly peer: RawPeer;
  readonly version: Version;
  readonly subscriptions: readonly Subscription[];
}

interface Subscription {
  readonly id: string;
  readonly destination: string;
  readonly ack: "auto" | "client-individual";
}

const only = process.env["DELIVERIES_SEED"];
const SEEDS = only === undefined ? Array.from({ length: 12 }, (_, at) => at + 1) : [Number(only)];
const TOPICS = ["/topic/t.a", "/topic/t.b"] as const;
const VERSIONS = ["1.0", "1.1", "1.2"] as const;
/** More than the broker works off in one go: what is behind waits for its turn. */
const FLOOD = 2_500;
const END = "end";

async function connect(broker: RealBroker, chance: Chance, version: Version): Promise<RawPeer> {
  const isWs = chance.odds(0.5);
  const peer = await openPeer(
    async (events) => {
      if (!isWs)
        return { line: await openTcpLine({ host: "127.0.0.1", port: broker.tcp }, events) };
      const answer = await openWsLine({ host: "127.0.0.1", port: broker.ws, path: "/" }, events);
      if ("line" in answer) return answer;
      throw new Error(`The upgrade was refused with ${answer.status}`);
    },
    { cut: "whole", seed: 1, waitMs: 20_000 },
  );
  peer.frame("CONNECT", { "accept-version": version, host: "a" });
  await peer.expect("CONNECTED", { version });
  return peer;
}

async function openReader(broker: RealBroker, chance: Chance): Promise<Reader> {
  const version = chance.pick(VERSIONS);
  const peer = await connect(broker, chance, version);
  const subscriptions: Subscription[] = [];
  for (const id of chance.pick([["s"], ["s"], ["s", "é"], ["own:1", "s"]])) {
    const subscription: Subscription = {
      id: version === "1.0" ? id.replace(":", "") : id,
      destination: chance.pick([...TOPICS, "/topic/t.*", TOPICS.join(",")]),
      ack: chance.pick(["auto", "auto", "client-individual"]),
    };
    await peer.done("SUBSCRIBE", { ...subscription, "prefetch-count": "0" });
    subscriptions.push(subscription);
  }
  return { peer, version, subscriptions };
}

/** Frames of one writer: runs of such that have the same head, or one that differs in a value or two. */
function write(
  chance: Chance,
  { writer, version }: { readonly writer: string; readonly version: Version },
): { readonly frames: readonly Uint8Array[]; readonly sent: readonly Sent[] } {
  const frames: Uint8Array[] = [];
  const sent: Sent[] = [];
  const drawHeaders = (): Header[] =>
    Array.from({ length: chance.integer(0, 3) }, () => [
      chance.pick(["x", "y", "é"]),
      chance.pick(version === "1.0" ? ["", "1", "a b", "🙂"] : ["", "1", "a:b", "l\nf", "b\\s"]),
    ]);
  let [own, varies] = [drawHeaders(), "nothing"];
  const count = chance.odds(0.3) ? FLOOD : chance.integer(5, 150);
  for (let number = 1; number <= count; number++) {
    if (chance.odds(20 / count)) {
      own = drawHeaders();
      varies = chance.pick(["nothing", "receipt", "one", "two"]);
    }
    const topic = TOPICS[(number >> 4) % 2] ?? TOPICS[0];
    const body = drawBody(chance, number);
    const headers: Header[] = [["destination", topic], ["writer", writer], ...own];
    if (varies === "one" || varies === "two") headers.push(["n", `${number}`]);
    if (varies === "two") headers.push(["m", `${number % 3}`]);
    if (chance.odds(0.1) || body.includes(0)) headers.push(["content-length", `${body.length}`]);
    sent.push({ writer, topic, headers, body });
    const asked: Header[] = varies === "receipt" ? [["receipt", `r${number}`]] : [];
    const forged: Header[] = chance.odds(0.05) ? [["message-id", "forged"]] : [];
    frames.push(frame([...headers, ...asked, ...forged], { version, body }));
  }
  for (const topic of TOPICS) {
    const headers = [["destination", topic] as const, ["writer", writer] as const];
    frames.push(frame(headers, { version, body: Buffer.from(END) }));
    sent.push({ writer, topic, headers, body: Buffer.from(END) });
  }
  return { frames, sent };
}

function frame(
  headers: readonly Header[],
  { version, body }: { readonly version: Version; readonly body: Uint8Array },
): Uint8Array {
  const lines = headers.map((pair) => pair.map((text) => escapeField(text, version)).join(":"));
  return Buffer.concat([
    Buffer.from(["SEND", ...lines, "", ""].join("\n")),
    body,
    Buffer.from("\0"),
  ]);
}

function drawBody(chance: Chance, number: number): Uint8Array {
  if (chance.odds(0.03)) return Uint8Array.of(number & 255, 0xff, 0, 1);
  const filler = chance.pick(["", "x", "é", "🙂", "\r\n", "\n\n", "\ufeff", "y".repeat(300)]);
  if (chance.odds(0.002)) return Buffer.from(`${number} ${"🙂big".repeat(20_000)}`);
  return Buffer.from(`${number} ${filler}${chance.odds(0.03) ? "\0" : ""}`);
}

/** Sends frames one by one, several in one piece, or cut anywhere. */
function send(peer: RawPeer, frames: readonly Uint8Array[], chance: Chance): void {
  const how = chance.pick(["one by one", "several", "cut"]);
  for (let at = 0; at < frames.length;) {
    const size = how === "one by one" ? 1 : chance.pick([3, 20, frames.length]);
    const bytes = Buffer.concat(frames.slice(at, at + size));
    at += size;
    if (how === "cut") {
      for (let from = 0; from < bytes.length;) {
        const to = from + chance.pick([1, 9, 200, 5_000, 100_000]);
        peer.send(new Uint8Array(bytes.subarray(from, to)));
        from = to;
      }
    } else {
      const text = bytes.toString();
      peer.send(Buffer.from(text).equals(bytes) ? text : new Uint8Array(bytes));
    }
  }
}

/** Takes messages until the last of each writer has come on each subscription. */
async function readAll({ peer, subscriptions }: Reader, writers: number): Promise<ReceivedFrame[]> {
  const frames: ReceivedFrame[] = [];
  let ends = writers * subscriptions.flatMap(({ destination }) => covered(destination)).length;
  while (ends > 0) {
    const message = await peer.next();
    if (message.command !== "MESSAGE") throw new Error(`${message.command}: ${message.text}`);
    frames.push(message);
    if (message.text === END) ends--;
  }
  await peer.silent();
  return frames;
}

function covered(destination: string): readonly string[] {
  return TOPICS.filter((topic) => destination === "/topic/t.*" || destination.includes(topic));
}

/** How a message looks to a client of that version, but for what the broker adds to it. */
function shownTo(version: Version, { headers, body }: Sent): string {
  const length = headers.some(([name]) => name === "content-length") ? [] : [body.length];
  const shown = headers.map(([name, value]) =>
    [name, version === "1.0" ? value.replaceAll("\n", "\\n") : value].join(" = "),
  );
  return [...shown, ...length, Buffer.from(body).toString("latin1")].join("\n");
}

/** The same of what came: the broker's own headers stand in front, its timestamp and length behind. */
function shownFrom(message: ReceivedFrame): string {
  const headers = message.headers
    .slice(message.headers.findIndex(([name]) => name === "destination"))
    .filter(([name]) => name !== "timestamp");
  const last = headers.at(-1);
  const stamped = message.headers.findIndex(([name]) => name === "timestamp");
  const isAdded = message.headers[stamped + 1] === last && last?.[0] === "content-length";
  const shown = headers.map(([name, value], at) =>
    isAdded && at === headers.length - 1 ? value : `${name} = ${value}`,
  );
  return [...shown, Buffer.from(message.body).toString("latin1")].join("\n");
}

function check(reader: Reader, frames: readonly ReceivedFrame[], sent: readonly Sent[]): void {
  for (const { id, destination, ack } of reader.subscriptions) {
    const mine = frames.filter((each) => each.get("subscription") === id);
    const begin = ["subscription", ...(ack !== "auto" && reader.version === "1.2" ? ["ack"] : [])];
    const isWell = ({ headers, get }: ReceivedFrame): boolean =>
      [...begin, "message-id"].every((name, at) => headers[at]?.[0] === name) &&
      Math.abs(Number(get("timestamp")) - Date.now()) < 60_000;
    expect(mine.filter((each) => !isWell(each)).map(({ lines }) => lines)).toEqual([]);
    for (const writer of new Set(sent.map((each) => each.writer))) {
      // Two topics of one list may be two queues, each with an order of its own.
      for (const topic of covered(destination)) {
        const wanted = sent.filter((each) => each.writer === writer && each.topic === topic);
        const came = mine.filter(
          ({ get }) => get("writer") === writer && get("destination") === topic,
        );
        expect(came.map(shownFrom)).toEqual(wanted.map((each) => shownTo(reader.version, each)));
      }
    }
    const ids = new Set(mine.map((each) => each.get("message-id")));
    expect(ids.size).toBe(mine.length);
    const acks = mine.flatMap((each) => each.get("ack") ?? []);
    expect(new Set(acks).size).toBe(begin.includes("ack") ? mine.length : 0);
  }
}

describe("Everybody gets what was sent to the topics, as it was sent", () => {
  for (const seed of SEEDS) {
    test(`with DELIVERIES_SEED=${seed}`, async () => {
      const chance = createChance(seed);
      const broker = await startRealBroker();
      const peers: RawPeer[] = [];
      try {
        const readers: Reader[] = [];
        for (let left = chance.integer(2, 6); left > 0; left--) {
          readers.push(await openReader(broker, chance));
        }
        const all: Sent[] = [];
        const writers = chance.integer(1, 2);
        for (let at = 0; at < writers; at++) {
          const version = chance.pick(VERSIONS);
          const peer = await connect(broker, chance, version);
          peers.push(peer);
          const { frames, sent } = write(chance, { writer: `w${at}`, version });
          all.push(...sent);
          send(peer, frames, chance);
        }
        for (const reader of readers) {
          peers.push(reader.peer);
          check(reader, await readAll(reader, writers), all);
        }
      } finally {
        for (const { line } of peers) line.cut();
        await broker.stop();
      }
    });
  }
});

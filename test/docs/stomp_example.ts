/**
 * Runs the examples of the documentation: conversations between clients and
 * the broker, in the notation that docs/destinations.md explains.
 */

import type { RawPeer } from "../support/peer.ts";
import type { ReceivedFrame } from "../support/received_frame.ts";

/** One line of business in a conversation. */
export type Step =
  | { readonly kind: "send"; readonly client: string; readonly text: string }
  | {
      readonly kind: "receive";
      readonly client: string;
      readonly command: string;
      /** Header lines as they must come; others may come too. */
      readonly headers: readonly string[];
      readonly body: string;
    }
  | { readonly kind: "gone" | "nothing" | "closed"; readonly client: string };

const FIRST_LINE = /^([CS])(\d*): (.+)$/;
const EVENTS: Readonly<Record<string, "gone" | "nothing" | "closed">> = {
  "C(gone)": "gone",
  "S(nothing)": "nothing",
  "S(closed)": "closed",
};
const NUL = "^@";

/** Reads a conversation. Throws where a line is not in the notation. */
export function parseExample(text: string): Step[] {
  const steps: Step[] = [];
  const lines = text.split("\n");
  while (lines.length > 0) {
    const line = lines.shift() ?? "";
    if (line === "") continue;
    const [, side = "", client = "", rest = ""] = FIRST_LINE.exec(line) ?? [];
    const event = EVENTS[side + rest];
    if (event !== undefined) {
      steps.push({ kind: event, client });
      continue;
    }
    const end = lines.findIndex((each) => each.endsWith(NUL));
    if (side === "" || end < 0) throw new Error(`Cannot read ${JSON.stringify(line)}: no frame`);
    const frame = [rest, ...lines.splice(0, end + 1)].join("\n").slice(0, -NUL.length);
    const head = frame.indexOf("\n\n");
    if (head < 0)
      throw new Error(`Cannot read ${JSON.stringify(line)}: no blank line in the frame`);
    const [command = "", ...headers] = frame.slice(0, head).split("\n");
    const body = frame.slice(head + 2);
    steps.push(
      side === "C"
        ? { kind: "send", client, text: `${frame}\0` }
        : { kind: "receive", client, command, headers, body },
    );
  }
  return steps;
}

/** Holds a conversation. Throws at the first thing that is not as it is written. */
export async function runExample(
  steps: readonly Step[],
  open: () => Promise<RawPeer>,
): Promise<void> {
  const peers = new Map<string, RawPeer>();
  const ended = new Set<string>();
  const known = new Map<string, string>();
  const peerOf = async (step: Step): Promise<RawPeer> => {
    const { client } = step;
    let peer = ended.has(client) ? undefined : peers.get(client);
    if (peer !== undefined) return peer;
    peer = await open();
    peers.set(client, peer);
    ended.delete(client);
    if (step.kind !== "send" || !/^(?:CONNECT|STOMP)\n/.test(step.text)) {
      peer.frame("CONNECT", { "accept-version": "1.2", host: "localhost" });
      await peer.expect("CONNECTED");
    }
    return peer;
  };

  for (const [at, step] of steps.entries()) {
    const peer = await peerOf(step);
    switch (step.kind) {
      case "send":
        peer.send(step.text.replace(/<[a-z]+>/g, (name) => known.get(name) ?? name));
        // What another client does next must not overtake it.
        if (steps[at + 1]?.client !== step.client && !endsIn(steps, at)) await roundTrip(peer, at);
        break;
      case "receive": {
        const frame = await peer.expect(step.command);
        compare(frame, step, known);
        break;
      }
      case "gone":
        peer.line.cut();
        await peer.closed();
        ended.add(step.client);
        break;
      case "nothing":
        await peer.silent();
        break;
      case "closed":
        await peer.closed();
        ended.add(step.client);
        break;
    }
  }
  for (const [client, peer] of peers) if (!ended.has(client)) await peer.silent();
}

/** Whether the next thing that the client of a step sees is its end. */
function endsIn(steps: readonly Step[], at: number): boolean {
  const next = steps.slice(at + 1).find((step) => step.client === steps[at]?.client);
  return next?.kind === "closed" || (next?.kind === "receive" && next.command === "ERROR");
}

async function roundTrip(peer: RawPeer, at: number): Promise<void> {
  const transaction = `round-trip-${at}`;
  peer.frame("BEGIN", { transaction });
  peer.frame("ABORT", { transaction, receipt: transaction });
  await peer.take("RECEIPT", { "receipt-id": transaction });
}

function compare(
  frame: ReceivedFrame,
  step: Step & { kind: "receive" },
  known: Map<string, string>,
): void {
  for (const header of step.headers) {
    const name = header.slice(0, header.indexOf(":") + 1);
    const line = frame.lines.find((each) => each.startsWith(name));
    const wanted = header.slice(name.length);
    if (line === undefined) throw new Error(`Missing ${header} in ${frame.lines.join(", ")}`);
    const value = line.slice(name.length);
    if (/^<[a-z]+>$/.test(wanted) && !known.has(wanted)) known.set(wanted, value);
    const expected = known.get(wanted) ?? wanted;
    if (expected !== "..." && value !== expected) {
      throw new Error(`Received ${line} where the example has ${header}`);
    }
  }
  if (step.body !== "..." && frame.text !== step.body) {
    throw new Error(
      `Received body ${JSON.stringify(frame.text)}, not ${JSON.stringify(step.body)}`,
    );
  }
}

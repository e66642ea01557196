/** Steps that many cases share, each finished when it resolves. */
import type { RawPeer } from "./peer.ts";
import type { ReceivedFrame, Version } from "./received_frame.ts";

/** The versions, oldest first. */
export const VERSIONS: readonly Version[] = ["1.0", "1.1", "1.2"];

/** Subscribes with id `s` unless `headers` names another, and waits until it is live. */
export async function subscribe(
  peer: RawPeer,
  destination: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  await peer.done("SUBSCRIBE", { id: "s", destination, ...headers });
}

/** Sends a message a body, each accepted before the next goes. */
export async function send(
  peer: RawPeer,
  destination: string,
  ...bodies: readonly string[]
): Promise<void> {
  for (const body of bodies) await peer.done("SEND", { destination }, body);
}

/** The next frames, which must be MESSAGEs with these bodies. */
export async function receive(
  peer: RawPeer,
  ...bodies: readonly string[]
): Promise<ReceivedFrame[]> {
  const frames: ReceivedFrame[] = [];
  for (const body of bodies) frames.push(await peer.expect("MESSAGE", {}, body));
  return frames;
}

/** The next `count` MESSAGEs, whatever they are. */
export async function receiveSome(peer: RawPeer, count: number): Promise<ReceivedFrame[]> {
  const frames: ReceivedFrame[] = [];
  while (frames.length < count) frames.push(await peer.expect("MESSAGE"));
  return frames;
}

/** The headers that ACK or NACK a message in the version of the session. */
export function settling(version: Version, message: ReceivedFrame): Record<string, string> {
  const messageId = message.get("message-id") ?? "";
  if (version === "1.0") return { "message-id": messageId };
  if (version === "1.1") {
    return { "message-id": messageId, subscription: message.get("subscription") ?? "" };
  }
  return { id: message.get("ack") ?? "" };
}

/** ACKs or NACKs a message and waits until it is accepted. */
export async function settle(
  peer: RawPeer,
  command: "ACK" | "NACK",
  message: ReceivedFrame | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (message === undefined) throw new Error("There is no message to settle");
  await peer.done(command, { ...settling(peer.version, message), ...headers });
}

/** Says goodbye with a receipt and waits for the end. */
export async function disconnect(peer: RawPeer): Promise<void> {
  await peer.done("DISCONNECT");
  await peer.closed();
}

/** Bodies of frames, to compare. */
export function bodiesOf(frames: readonly ReceivedFrame[]): string[] {
  return frames.map((frame) => frame.text);
}

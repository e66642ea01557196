/** A STOMP broker over TCP that is small enough to lie as a test wants it to. */

import { Decoder } from "../../src/protocol/decoder.ts";
import { type Frame, headerOf } from "../../src/protocol/frame.ts";
import { type Version, VERSION_RULES } from "../../src/protocol/version.ts";
import { ROOMY } from "../protocol/decoding.ts";

/** What a {@link SmallBroker} does other than it should. */
export interface Lies {
  /** How often a message goes to a subscriber, both counted from 0. Default once. */
  readonly copies?: (message: number, subscriber: number) => number;
  /** How often the receipt of a message goes out. Default once. */
  readonly receipts?: (message: number) => number;
  /** What goes out in place of a message. */
  readonly body?: (message: number, body: string) => string;
  /** Cuts the connection of whoever sends that message. */
  readonly cutAt?: number;
  /** Answers CONNECT, in place of CONNECTED. */
  readonly greeting?: string;
  /** The version that it speaks. Default 1.2. */
  readonly version?: Version;
}

/** The broker; it must be stopped. */
export interface SmallBroker {
  readonly url: string;
  /** ACK frames that came. */
  readonly acks: readonly Frame[];
  /** Heads of CONNECT frames that came. */
  readonly connects: readonly Frame[];
  readonly stop: () => void;
}

interface Peer {
  readonly decoder: Decoder;
  unsent: Buffer;
}
type PeerSocket = Bun.Socket<Peer>;

/** Starts it. A topic goes to all its subscribers, a queue to each in turn. */
export function startSmallBroker(lies: Lies = {}): SmallBroker {
  const { copies = () => 1, receipts = () => 1, body: bodyOf = (_message, body) => body } = lies;
  const { version = "1.2" } = lies;
  const subscribers: { readonly socket: PeerSocket; readonly id: string; to: string }[] = [];
  const acks: Frame[] = [];
  const connects: Frame[] = [];
  const ordinals = new Map<PeerSocket, number>();
  /** Who gets what is sent to a reply-to, as the messages name it. */
  const repliers = new Map<string, PeerSocket>();
  let messages = 0;

  const put = ({ data, ...rest }: { data: Peer; socket: PeerSocket }, text: string): void => {
    const bytes = Buffer.concat([data.unsent, Buffer.from(text)]);
    const taken = Math.max(0, rest.socket.write(bytes));
    data.unsent = Buffer.from(bytes.subarray(taken));
  };
  const say = (socket: PeerSocket, text: string): void => put({ data: socket.data, socket }, text);

  const onSend = (socket: PeerSocket, { headers, body }: Frame): void => {
    const number = messages++;
    if (number === lies.cutAt) {
      socket.terminate();
      return;
    }
    const destination = headerOf(headers, "destination") ?? "";
    const requester = repliers.get(destination);
    const taking = subscribers.filter(({ to, socket: taker }) =>
      requester === undefined
        ? to === destination
        : taker === requester && to.startsWith("/temp-queue/"),
    );
    let replyTo = headerOf(headers, "reply-to") ?? "";
    if (replyTo !== "") {
      // As ActiveMQ has it: a name of the broker's own, with what has to be escaped.
      replyTo = `/remote-temp-queue/ID:${connects.length}:${ordinals.get(socket) ?? 0}`;
      repliers.set(replyTo, socket);
    }
    const isQueue = destination.startsWith("/queue/");
    const chosen = isQueue ? taking.slice(number % taking.length).slice(0, 1) : taking;
    for (const taker of chosen) {
      const named = version === "1.2" ? `ack:a-${number}\n` : "";
      const head = `MESSAGE\n${named}subscription:${taker.id}\nmessage-id:m-${number}\n`;
      const reply = replyTo === "" ? "" : `reply-to:${replyTo.replaceAll(":", "\\c")}\n`;
      const text = `${head}${reply}destination:${destination}\n\n${bodyOf(number, String(body))}\0`;
      say(taker.socket, text.repeat(copies(number, subscribers.indexOf(taker))));
    }
    const receipt = headerOf(headers, "receipt");
    if (receipt !== undefined) {
      say(socket, `RECEIPT\nreceipt-id:${receipt}\n\n\0`.repeat(receipts(number)));
    }
  };
  const onFrame = (socket: PeerSocket, frame: Frame): void => {
    const { command, headers } = frame;
    const receipt = headerOf(headers, "receipt");
    switch (command) {
      case "CONNECT": {
        connects.push(frame);
        ordinals.set(socket, connects.length);
        const connected = `CONNECTED\nversion:${version}\nserver:small/1\nheart-beat:0,0\n\n\0`;
        socket.data.decoder.rules = VERSION_RULES[version];
        say(socket, lies.greeting ?? connected);
        return;
      }
      case "SEND":
        onSend(socket, frame);
        return;
      case "SUBSCRIBE": {
        const to = headerOf(headers, "destination") ?? "";
        subscribers.push({ socket, id: headerOf(headers, "id") ?? "", to });
        break;
      }
      case "ACK":
        acks.push(frame);
        return;
      case "UNSUBSCRIBE":
        for (const each of subscribers) if (each.socket === socket) each.to = "";
    }
    if (receipt !== undefined) say(socket, `RECEIPT\nreceipt-id:${receipt}\n\n\0`);
  };

  const server = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        socket.data = { decoder: new Decoder(ROOMY), unsent: Buffer.alloc(0) };
      },
      data: (socket, chunk) => {
        const { decoder } = socket.data;
        decoder.push(new Uint8Array(chunk));
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
          onFrame(socket, frame);
        }
      },
      drain: (socket) => say(socket, ""),
    },
  });
  return {
    url: `tcp://127.0.0.1:${server.port}`,
    acks,
    connects,
    stop: () => server.stop(true),
  };
}

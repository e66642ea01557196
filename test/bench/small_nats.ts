/** A NATS server that is small enough to be read: INFO, CONNECT, PING, SUB, UNSUB, PUB. */

/** Where it is; it must be stopped. */
export interface SmallNats {
  readonly tcp: string;
  readonly ws: string;
  /** The argument of every CONNECT that came. */
  readonly connects: readonly unknown[];
  readonly stop: () => void;
}

const INFO = 'INFO {"server_id":"A","version":"2.9.10","max_payload":1048576}\r\n';

/** Lies that a test may want. */
export interface NatsLies {
  /** How often a message goes to a subscriber. Default once. */
  readonly copies?: (message: number) => number;
  /** Answers CONNECT. */
  readonly refusal?: string;
}

interface Peer {
  readonly say: (text: string) => void;
  readonly subjects: Map<string, string>;
  rest: string;
}

/** Starts it on a port for TCP and one for WebSocket. */
export function startSmallNats({ copies = () => 1, refusal }: NatsLies = {}): SmallNats {
  const peers = new Set<Peer>();
  const connects: unknown[] = [];
  let messages = 0;

  const publish = (subject: string, payload: string): void => {
    const times = copies(messages++);
    for (const peer of peers) {
      for (const [sid, to] of peer.subjects) {
        if (to !== subject) continue;
        peer.say(`MSG ${subject} ${sid} ${payload.length}\r\n${payload}\r\n`.repeat(times));
      }
    }
  };
  const read = (peer: Peer, text: string): void => {
    peer.rest += text;
    for (;;) {
      const end = peer.rest.indexOf("\r\n");
      if (end < 0) return;
      const [command = "", first = "", second = ""] = peer.rest.slice(0, end).split(" ");
      let taken = end + 2;
      if (command === "PUB") {
        taken += Number(second) + 2;
        if (peer.rest.length < taken) return;
        publish(first, peer.rest.slice(end + 2, taken - 2));
      } else if (command === "CONNECT") {
        connects.push(JSON.parse(first));
        if (refusal !== undefined) peer.say(refusal);
      } else if (command === "PING") peer.say("PONG\r\n");
      else if (command === "SUB") peer.subjects.set(second, first);
      else if (command === "UNSUB") peer.subjects.delete(first);
      peer.rest = peer.rest.slice(taken);
    }
  };
  const join = (say: Peer["say"]): Peer => {
    const peer: Peer = { say, subjects: new Map(), rest: "" };
    peers.add(peer);
    say(INFO);
    // Servers ask, too.
    say("PING\r\n");
    return peer;
  };

  const tcp = Bun.listen<Peer>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: (socket) => {
        let unsent = Buffer.alloc(0);
        socket.data = join((text) => {
          const bytes = Buffer.concat([unsent, Buffer.from(text)]);
          unsent = Buffer.from(bytes.subarray(Math.max(0, socket.write(bytes))));
        });
      },
      data: (socket, chunk) => read(socket.data, chunk.toString("latin1")),
      drain: (socket) => socket.data.say(""),
      close: (socket) => {
        peers.delete(socket.data);
      },
    },
  });
  const ws = Bun.serve<{ peer: Peer | undefined }>({
    hostname: "127.0.0.1",
    port: 0,
    development: false,
    fetch: (request, self) =>
      self.upgrade(request, { data: { peer: undefined } }) ? undefined : new Response("no"),
    websocket: {
      open: (socket) => {
        socket.data.peer = join((text) => void socket.send(Buffer.from(text)));
      },
      message: (socket, data) => {
        if (socket.data.peer !== undefined) {
          read(socket.data.peer, typeof data === "string" ? data : data.toString("latin1"));
        }
      },
      close: ({ data: { peer } }) => {
        if (peer !== undefined) peers.delete(peer);
      },
    },
  });
  return {
    tcp: `tcp://127.0.0.1:${tcp.port}`,
    ws: `ws://127.0.0.1:${ws.port}`,
    connects,
    stop: () => {
      tcp.stop(true);
      void ws.stop(true);
    },
  };
}

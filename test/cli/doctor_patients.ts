/** What a doctor may meet: servers that answer as a test has it, and proxies that spoil something. */

import { createServer, connect, type AddressInfo, type Socket } from "node:net";

/** Something that listens. */
export interface Patient {
  readonly port: number;
  /** Everything it received, as text. */
  readonly received: () => string;
  readonly stop: () => void;
}

function listen(serve: (socket: Socket, text: string) => void): Promise<Patient> {
  const sockets = new Set<Socket>();
  let received = "";
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      received += text;
      serve(socket, text);
    });
  });
  const patient = (): Patient => ({
    // A TCP server's address is one.
    port: (server.address() as AddressInfo).port,
    received: () => received,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(patient()));
  });
}

/** Answers whatever comes with that text; without one it says nothing. */
export function startAnswering(answer?: string): Promise<Patient> {
  return listen((socket) => {
    if (answer !== undefined) socket.write(answer);
  });
}

/** Closes every connection as soon as something comes. */
export function startHangingUp(): Promise<Patient> {
  return listen((socket) => socket.end());
}

/** Hands everything on to a port, both ways; `spoil` changes what the client sends. */
export function startProxy(to: number, spoil: (text: string) => string): Promise<Patient> {
  const ways = new WeakMap<Socket, Socket>();
  return listen((socket, text) => {
    let way = ways.get(socket);
    if (way === undefined) {
      way = connect({ host: "127.0.0.1", port: to });
      way.on("error", () => socket.destroy());
      way.on("close", () => socket.end());
      socket.on("close", () => way?.destroy());
      way.pipe(socket);
      ways.set(socket, way);
    }
    way.write(Buffer.from(spoil(text), "latin1"));
  });
}

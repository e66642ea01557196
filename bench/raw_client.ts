/**
 * A client that leaves it to its owner when bytes are written, and whether any
 * are read: what floods, and what is stuck, needs to know what the socket took.
 */

import { parseBrokerUrl } from "../src/client/broker_url.ts";
import { wsFrame } from "../src/bench/ws_frame.ts";

/** A connection that is logged in. */
export interface RawClient {
  /** A frame as it has to be written. */
  readonly wrap: (frame: string | Uint8Array) => Uint8Array;
  /** Writes what the system takes of `bytes` from `from` on; answers how many bytes that is, and 0 once it is over. */
  readonly write: (bytes: Uint8Array, from: number) => number;
  /** Settles when the socket takes bytes again, or is over. */
  readonly writable: () => Promise<void>;
  /** Settles with what the broker has said, once `pattern` is in it or the connection is over. */
  readonly hears: (pattern: RegExp) => Promise<string>;
  /** Whether the connection has ended. */
  readonly isOver: () => boolean;
  /** Reads nothing from now on. */
  readonly deafen: () => void;
  /** Ends at once, without a goodbye. */
  readonly cut: () => void;
}

const CONNECT = "CONNECT\naccept-version:1.2\nhost:bench\n\n\0";
/** The sample of RFC 6455 section 1.3; nobody checks the answer to it. */
const UPGRADE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";
/** Of what the broker says the last is kept: an ERROR is all that matters. */
const HEARD_MAX = 64 * 1024;

/**
 * Connects and logs in, over TCP or WebSocket without TLS.
 *
 * @throws Error that says what came in place of CONNECTED
 */
export async function openRawClient(address: string): Promise<RawClient> {
  const url = parseBrokerUrl(address);
  const state = { heard: "", isOver: false };
  /** Who waits for the socket, or for words. */
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  const end = (): void => {
    state.isOver = true;
    wake();
  };
  const socket = await Bun.connect({
    hostname: url.host,
    port: url.port,
    socket: {
      data: (_socket, chunk) => {
        state.heard = (state.heard + chunk.toString("latin1")).slice(-HEARD_MAX);
        wake();
      },
      drain: wake,
      end: (ended) => {
        ended.end();
      },
      error: end,
      close: end,
    },
  });
  const until = (isSo: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!state.isOver && !isSo()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
    });
  const hears = async (pattern: RegExp): Promise<string> => {
    if (!state.isOver && !pattern.test(state.heard)) await until(() => pattern.test(state.heard));
    return state.heard;
  };
  const isWs = url.carrier === "ws";
  const wrap = (frame: string | Uint8Array): Uint8Array => {
    const bytes = typeof frame === "string" ? Buffer.from(frame) : frame;
    return isWs ? wsFrame(bytes, "text") : bytes;
  };
  if (isWs) {
    socket.write(
      `GET ${url.path} HTTP/1.1\r\nHost: ${url.host}:${url.port}\r\nConnection: Upgrade\r\n` +
        `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${UPGRADE_KEY}\r\n\r\n`,
    );
    await hears(/\r\n\r\n/);
  }
  socket.write(wrap(CONNECT));
  const answer = await hears(/CONNECTED\n[^\0]*\0/);
  if (state.isOver) throw new Error(`Cannot log in to ${url.shown}: it said ${answer}`);
  state.heard = "";
  return {
    wrap,
    write: (bytes, from) => (state.isOver ? 0 : Math.max(0, socket.write(bytes.subarray(from)))),
    writable: () => (state.isOver ? Promise.resolve() : until(() => true)),
    hears,
    isOver: () => state.isOver,
    deafen: () => {
      socket.pause();
    },
    cut: () => {
      socket.terminate();
    },
  };
}

/** STOMP over TCP, with or without TLS. */

import {
  type ClientWire,
  LOW_WATER_BYTES,
  type OpeningWire,
  tlsOptions,
  type WireEnd,
  type WireEvents,
  type WireOptions,
} from "./client_wire.ts";
import { codeOf, connectFailure } from "./connect_failure.ts";

/** Bytes that are collected before they are written: a write is dear, however short. */
const BATCH_BYTES = 64 * 1024;

/** Opens a wire over TCP. */
export function openTcpWire({ url, trust, runtime }: WireOptions, events: WireEvents): OpeningWire {
  const opened = Promise.withResolvers<ClientWire>();
  let socket: Bun.Socket | undefined;
  let abandoned = false;
  let over = false;
  let pieces: Uint8Array[] = [];
  let collected = 0;
  /** What the system did not take of the last write. */
  let rest: Uint8Array = new Uint8Array(0);
  let deferred = false;
  let closing = false;
  let waiting: (() => void)[] = [];

  const flush = (): void => {
    while (!over && socket !== undefined) {
      if (rest.length === 0) {
        if (collected === 0) break;
        rest = pieces.length === 1 ? (pieces[0] ?? rest) : Buffer.concat(pieces);
        pieces = [];
        collected = 0;
      }
      rest = rest.subarray(Math.max(0, socket.write(rest)));
      if (rest.length > 0) break;
    }
    if (wire.buffered === 0 && closing) socket?.end();
    if (wire.buffered < LOW_WATER_BYTES) wake();
  };
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const each of woken) each();
  };
  const end = (how: WireEnd): void => {
    if (over) return;
    over = true;
    wake();
    events.closed(how);
  };

  const wire: ClientWire = {
    get buffered() {
      return rest.length + collected;
    },
    send: (data) => {
      if (over || closing) return;
      const bytes = typeof data === "string" ? Buffer.from(data, "utf8") : data;
      pieces.push(bytes);
      collected += bytes.length;
      if (collected >= BATCH_BYTES) {
        if (rest.length === 0) flush();
      } else if (!deferred) {
        deferred = true;
        runtime.defer(() => {
          deferred = false;
          flush();
        });
      }
    },
    drained: () => {
      if (over || wire.buffered < LOW_WATER_BYTES) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
    pause: () => socket?.pause(),
    resume: () => socket?.resume(),
    close: () => {
      closing = true;
      flush();
    },
    cut: () => {
      end({ text: "was cut", clean: false });
      socket?.terminate();
    },
  };
  const accept = (): void => {
    if (!abandoned) opened.resolve(wire);
  };
  const fail = (code: string, text: string, cause?: unknown): void => {
    over = true;
    opened.reject(connectFailure(url, { code, text, cause }));
  };

  Bun.connect({
    hostname: url.host,
    port: url.port,
    ...(url.tls ? { tls: tlsOptions(trust) } : {}),
    socket: {
      open: (opening) => {
        socket = opening;
        if (abandoned) opening.terminate();
        else if (!url.tls) accept();
      },
      handshake: (_socket, trusted, reason) => {
        if (trusted) accept();
        else fail(codeOf(reason), reason?.message ?? "the TLS handshake failed", reason);
      },
      data: (_socket, bytes) => events.data(bytes),
      drain: flush,
      end: (ending) => {
        ending.end();
      },
      error: (_socket, error) => end({ text: `failed: ${error.message}`, clean: false }),
      close: (_socket, error) => {
        opened.reject(connectFailure(url, { code: "", text: "it ended before TLS was agreed on" }));
        const failed = error !== undefined && error !== null;
        const text = failed ? `failed: ${error.message}` : "was closed by the broker";
        end({ text, clean: !failed });
      },
    },
  }).then(
    (connected) => connected.setNoDelay(true),
    (error: unknown) => fail(codeOf(error), error instanceof Error ? error.message : "", error),
  );
  return {
    opened: opened.promise,
    abandon: () => {
      abandoned = true;
      socket?.terminate();
    },
  };
}

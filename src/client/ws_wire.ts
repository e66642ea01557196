/** STOMP over WebSocket, with or without TLS. */

import { VERSIONS } from "../protocol/version.ts";
import {
  type ClientWire,
  LOW_WATER_BYTES,
  type OpeningWire,
  tlsOptions,
  type WireEnd,
  type WireEvents,
  type WireOptions,
} from "./client_wire.ts";
import { ConnectError } from "./client_error.ts";
import { codeOf, connectFailure } from "./connect_failure.ts";

/** A WebSocket tells of no drain, so it is looked at this often while somebody waits. */
const DRAIN_POLL_MS = 5;
/** RabbitMQ sends every body that way unless told otherwise. */
const NO_TEXT_HINT =
  "; the broker sent bytes that are no text in a text message, have it send binary ones (of RabbitMQ web_stomp.ws_frame) or use tcp://";
/** Status codes of a close that give no reason (RFC 6455 section 7.4.1). */
const NORMAL = 1000;
const NO_STATUS = 1005;
const ABNORMAL = 1006;

/** Opens a wire over WebSocket. */
export function openWsWire({ url, trust, runtime }: WireOptions, events: WireEvents): OpeningWire {
  const opened = Promise.withResolvers<ClientWire>();
  const host = url.host.includes(":") ? `[${url.host}]` : url.host;
  const socket = new WebSocket(`${url.tls ? "wss" : "ws"}://${host}:${url.port}${url.path}`, {
    protocols: VERSIONS.map((version) => `v${version.replace(".", "")}.stomp`),
    perMessageDeflate: false,
    ...(url.tls ? { tls: tlsOptions(trust) } : {}),
  });
  socket.binaryType = "arraybuffer";
  let over = false;
  let failure = "";
  const end = (how: WireEnd): void => {
    if (over) return;
    over = true;
    events.closed(how);
  };

  const wire: ClientWire = {
    get buffered() {
      return socket.bufferedAmount;
    },
    send: (data) => {
      if (!over) socket.send(data);
    },
    drained: () =>
      new Promise((resolve) => {
        const look = (): boolean => {
          if (!over && socket.bufferedAmount >= LOW_WATER_BYTES) return false;
          resolve();
          return true;
        };
        if (look()) return;
        const stop = runtime.every(DRAIN_POLL_MS, () => {
          if (look()) stop();
        });
      }),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () => socket.close(1000),
    cut: () => {
      end({ text: "was cut", clean: false });
      socket.terminate();
    },
  };
  socket.onopen = () => opened.resolve(wire);
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) =>
    events.data(typeof data === "string" ? data : new Uint8Array(data));
  socket.onerror = (event) => {
    const error: unknown = "error" in event ? event.error : undefined;
    const message = "message" in event ? String(event.message) : "";
    failure = message.replace(/^WebSocket connection to '[^']*' failed: /, "");
    const status = /Expected 101 status code: (\d{3})/.exec(message)?.[1];
    opened.reject(
      status === undefined
        ? connectFailure(url, { code: codeOf(error), text: failure, cause: error })
        : new ConnectError(
            "upgrade",
            `Cannot connect to ${url.shown}: it answers the WebSocket upgrade with HTTP status ${status}, expected 101${statusHint(Number(status))}`,
            { status: Number(status), cause: error },
          ),
    );
  };
  socket.onclose = ({ code, reason }) => {
    opened.reject(connectFailure(url, { code: "", text: "it ended during the upgrade" }));
    if (code === ABNORMAL) {
      const hint = /invalid utf-?8/i.test(failure) ? NO_TEXT_HINT : "";
      end({ text: failure === "" ? "broke off" : `failed: ${failure}${hint}`, clean: false });
      return;
    }
    const why = reason === "" ? "" : `, ${JSON.stringify(reason)}`;
    const told = code === NO_STATUS || code === NORMAL ? "" : ` with code ${code}${why}`;
    end({ text: `was closed by the broker${told}`, clean: true });
  };
  return { opened: opened.promise, abandon: () => socket.terminate() };
}

function statusHint(status: number): string {
  if (status === 400) return "; perhaps the port speaks STOMP over TCP, try tcp://";
  if (status === 404 || status === 200)
    return "; the path may be wrong, many brokers have /ws or /stomp";
  if (status === 401 || status === 403)
    return "; the broker, or a proxy in front, does not let you in";
  return status >= 500 ? "; the broker, or a proxy in front, is in trouble" : "";
}

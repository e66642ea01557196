import { Fault, REFUSALS } from "../fault.ts";
import {
  type ConnectionContext,
  type ConnectionCounters,
  countRefusal,
} from "../session/connection_context.ts";
import type { Connections } from "../session/connections.ts";
import { EventStream } from "../session/event_stream.ts";
import { publishOnce } from "../session/publish_once.ts";
import { type Wire, type WireFrame, wholeFrames } from "../session/wire.ts";
import type { RequestBodies } from "./request_bodies.ts";

/** What sending over HTTP needs. */
export interface SendOptions {
  readonly context: ConnectionContext;
  readonly bodies: RequestBodies;
}

/** What a stream of events over HTTP needs. */
export interface StreamOptions {
  readonly context: ConnectionContext;
  readonly connections: Connections;
  /** Numeric address of the client; empty when unknown. */
  readonly address: string;
  /** Whether it was asked for where only this machine can, and through no proxy. */
  readonly local: boolean;
  /** Tells the stream from all others, and from connections. */
  readonly number: number;
}

/** The headers of a stream of server-sent events, which nothing on the way may keep or collect. */
export const EVENT_STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** HTTP header names that carry a message header: `x-stomp-NAME`. */
const PREFIX = "x-stomp-";

/**
 * `POST /api/v1/send?destination=…`: the body is the message's body. Answers
 * with the message id once it is accepted.
 */
export async function sendOverHttp(
  request: Request,
  url: URL,
  options: SendOptions,
): Promise<Response> {
  if (request.method !== "POST") return methodNotAllowed(["POST"], options.context.counters);
  try {
    const destination = requiredDestination(url);
    const body = await options.bodies.read(request);
    const headers = messageHeaders(request);
    return json({ messageId: await publishOnce(options.context, { destination, headers, body }) });
  } catch (error) {
    return problem(error, options.context.counters);
  }
}

/**
 * `GET /api/v1/events?destination=…`: messages as server-sent events, as long
 * as the client stays. `envelope=json` gives headers as well.
 */
export function streamOverHttp(request: Request, url: URL, options: StreamOptions): Response {
  if (request.method !== "GET") return methodNotAllowed(["GET"], options.context.counters);
  try {
    const destination = requiredDestination(url);
    const envelope = url.searchParams.get("envelope");
    if (envelope !== null && envelope !== "json") {
      throw new Fault(
        "bad-header",
        `Cannot stream with envelope ${JSON.stringify(envelope)}: expected "json", or none`,
      );
    }
    const { context, connections, address, number } = options;
    const refusal = connections.refusal(address);
    if (refusal !== undefined) throw refusal;
    const leave = connections.enter(address, () => stream.end());
    const { body, wire, onEvents } = streamBody(address);
    let stream: EventStream;
    try {
      stream = new EventStream(wire, {
        context,
        number,
        address,
        local: options.local,
        destination,
        selector: url.searchParams.get("selector") ?? undefined,
        envelope: envelope === "json",
        ended: leave,
      });
    } catch (error) {
      leave();
      throw error;
    }
    onEvents({ drained: () => stream.drained(), gone: () => stream.end() });
    return new Response(body, { headers: EVENT_STREAM_HEADERS });
  } catch (error) {
    return problem(error, options.context.counters);
  }
}

const STREAM_BUFFER_BYTES = 64 * 1024;
/** Events from this size on go out without being copied together with others. */
const SHARED_BYTES_MIN = 16 * 1024;

interface StreamEvents {
  readonly drained: () => void;
  readonly gone: () => void;
}

/** The body of a response as a wire. */
function streamBody(address: string): {
  readonly body: ReadableStream<Uint8Array>;
  readonly wire: Wire;
  readonly onEvents: (events: StreamEvents) => void;
} {
  let events: StreamEvents | undefined;
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start: (own) => {
        controller = own;
      },
      pull: () => events?.drained(),
      cancel: () => {
        controller = undefined;
        events?.gone();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: STREAM_BUFFER_BYTES }),
  );
  const leave = (how: "close" | "error"): void => {
    const own = controller;
    controller = undefined;
    if (how === "close") own?.close();
    else own?.error(new Error("Cannot deliver: the client is too slow"));
  };
  const wire: Wire = {
    peer: {
      ...{ transport: "http", address, port: 0, messages: false, answersPings: false },
      ...{ local: false, subProtocol: "" },
    },
    write: (frames, head) => {
      for (const bytes of joinFrames(wholeFrames(frames, head))) controller?.enqueue(bytes);
    },
    get buffered() {
      const room = controller?.desiredSize ?? STREAM_BUFFER_BYTES;
      return Math.max(STREAM_BUFFER_BYTES - room, 0);
    },
    pause: () => {},
    resume: () => {},
    ping: () => {},
    close: () => leave("close"),
    destroy: () => leave("error"),
  };
  return { body, wire, onEvents: (given) => (events = given) };
}

/** Small frames together; a large one by itself, as other streams have the same bytes. */
function joinFrames(frames: readonly WireFrame[]): readonly Uint8Array[] {
  const joined: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const join = (): void => {
    if (small.length > 0) joined.push(Buffer.concat(small));
    small = [];
  };
  for (const frame of frames) {
    const bytes = typeof frame === "string" ? Buffer.from(frame) : frame;
    if (bytes.length < SHARED_BYTES_MIN) {
      small.push(bytes);
    } else {
      join();
      joined.push(bytes);
    }
  }
  join();
  return joined;
}

/** A value as the body of an answer, with a line end for whoever reads it in a terminal. */
export function json(value: object, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${JSON.stringify(value)}\n`, {
    headers: { "content-type": "application/json;charset=utf-8", ...headers },
  });
}

/** A refusal as a problem document (RFC 9457), which names what was wrong; counted. */
export function problem(error: unknown, counters: ConnectionCounters): Response {
  const fault =
    error instanceof Fault
      ? error
      : new Fault("internal-error", "Cannot go on: something failed in the broker");
  countRefusal(counters, fault.code);
  const { message, status, retry } = REFUSALS[fault.code];
  const headers: Record<string, string> = {
    "content-type": "application/problem+json",
    "x-content-type-options": "nosniff",
  };
  // The rest of what timed out is not waited for.
  if (status === 408) headers["connection"] = "close";
  if (typeof retry === "number") headers["retry-after"] = String(Math.ceil(retry / 1000));
  const body = {
    type: "about:blank",
    title: message,
    status,
    code: fault.code,
    detail: fault.detail,
    ...(fault.errors.length === 0 ? {} : { errors: fault.errors }),
  };
  return new Response(`${JSON.stringify(body)}\n`, { status, headers });
}

/** 405, with the methods that would do. */
export function methodNotAllowed(
  allowed: readonly string[],
  counters: ConnectionCounters,
): Response {
  const fault = new Fault("method-not-allowed", `Expected ${allowed.join(" or ")}`);
  const response = problem(fault, counters);
  response.headers.set("allow", allowed.join(", "));
  return response;
}

function requiredDestination(url: URL): string {
  const destination = url.searchParams.get("destination");
  if (destination !== null && destination !== "") return destination;
  throw new Fault(
    "missing-header",
    'Cannot go on: query parameter "destination" is required, as in ?destination=/topic/news',
  );
}

function messageHeaders(request: Request): readonly string[] {
  const headers: string[] = [];
  const type = request.headers.get("content-type");
  if (type !== null) headers.push("content-type", type);
  for (const [name, value] of request.headers) {
    const own = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : "";
    // Those two are the broker's to say, from the query and from the body itself.
    if (own === "" || own === "destination" || own === "content-length") continue;
    headers.push(own, value);
  }
  return headers;
}

import { frameText } from "../support/peer.ts";
import { parseFrame, type ReceivedFrame, type Version } from "../support/received_frame.ts";
import { openSimLine, type LineStyle, type LineWorld, type SimLine } from "./sim_line.ts";

/** What a client of a simulation is part of. */
export interface ClientWorld extends LineWorld {
  /** Notes that something happened which must never happen. */
  violate(what: string): void;
  /** Notes a step, for those who read how it came to a violation. */
  trace(step: string): void;
}

/** How a client comes in. */
export interface ClientOptions {
  readonly name: string;
  readonly version: Version;
  readonly style: LineStyle;
  /** Interval promised and asked for, in ms; 0 for none. */
  readonly heartBeatMs: number;
  /** ERROR codes that it may be told. */
  readonly mayMeet: ReadonlySet<string>;
  /** What durable subscriptions go by. */
  readonly clientId?: string;
  /** Never logs in. */
  readonly mute?: boolean;
  onConnected(client: SimClient): void;
  onMessage(client: SimClient, frame: ReceivedFrame): void;
  /** It is over, whoever ended it. Called once. */
  onOver(client: SimClient): void;
}

/** One connection of a client, from CONNECT to its end. */
export interface SimClient {
  readonly name: string;
  readonly version: Version;
  readonly line: SimLine;
  readonly connected: boolean;
  readonly over: boolean;
  /** Since when nothing it holds is safe: it left, was lost, or the broker said goodbye. */
  readonly leftAt: number | undefined;
  /** The code of the ERROR that ended it. */
  readonly errorCode: string | undefined;
  /** Whether it said goodbye and the broker has confirmed that. */
  readonly partedWell: boolean;
  /** Receipts that it waits for. */
  readonly owed: number;
  /** ERROR codes that it may be told; misbehaving adds to them. */
  readonly mayMeet: Set<string>;
  /**
   * Sends a frame. `onAccepted` is called when a RECEIPT, its own or a later
   * one, tells that the broker has carried it out.
   */
  send(
    command: string,
    headers: Readonly<Record<string, string>>,
    options?: { body?: Uint8Array; receipt?: boolean; onAccepted?: () => void },
  ): void;
  /** Sends exactly this. */
  sendRaw(data: string | Uint8Array): void;
  /** Reads nothing for so long. */
  stall(forMs: number): void;
  /** DISCONNECT with a receipt, then waits for the end. */
  disconnect(): void;
  /** Is lost without a word. */
  crash(): void;
}

/** Connects a client and logs it in. */
export function openSimClient(world: ClientWorld, options: ClientOptions): SimClient {
  const { runtime, chance } = world;
  const { name, style } = options;
  const mayMeet = new Set(options.mayMeet);
  const awaited: { receipt: string; ordinal: number }[] = [];
  let unconfirmed: { ordinal: number; onAccepted: () => void }[] = [];
  let version: Version = "1.0";
  let state: "connecting" | "connected" | "leaving" | "over" = "connecting";
  let ordinals = 0;
  let stream: Uint8Array = new Uint8Array(0);
  let errorCode: string | undefined;
  let leftAt: number | undefined;
  let partedWell = false;
  let heardAt = 0;
  let stalls = 0;

  const violate = (what: string): void => world.violate(`${name}: ${what}`);
  const over = (how: string): void => {
    if (state === "over") return;
    state = "over";
    leftAt ??= line.leftAt ?? runtime.elapsedMs;
    world.trace(`${name} is over: ${how}`);
    options.onOver(client);
  };
  const onReceipt = (id: string): void => {
    const first = awaited.shift();
    if (first?.receipt !== id) {
      violate(`RECEIPT "${id}" came instead of "${first?.receipt ?? "none"}"`);
      return;
    }
    const confirmed = unconfirmed.filter(({ ordinal }) => ordinal <= first.ordinal);
    unconfirmed = unconfirmed.filter(({ ordinal }) => ordinal > first.ordinal);
    for (const each of confirmed) each.onAccepted();
  };
  const onFrame = (frame: ReceivedFrame): void => {
    if (errorCode !== undefined) return violate(`${frame.command} came behind an ERROR`);
    if (partedWell) return violate(`${frame.command} came behind the receipt of DISCONNECT`);
    switch (frame.command) {
      case "CONNECTED": {
        if (state !== "connecting") return violate("CONNECTED came twice");
        const agreed = frame.get("version");
        if (agreed !== options.version) violate(`version ${agreed}, not ${options.version}`);
        version = options.version;
        state = "connected";
        startBeats(frame.get("heart-beat"));
        options.onConnected(client);
        return;
      }
      case "RECEIPT":
        return onReceipt(frame.get("receipt-id") ?? "");
      case "MESSAGE":
        return options.onMessage(client, frame);
      default:
        errorCode = frame.get("code") ?? "none";
        leftAt ??= line.leftAt;
        world.trace(`${name} met ERROR ${errorCode}: ${frame.text.trim()}`);
        if (!mayMeet.has(errorCode)) violate(`ERROR ${errorCode}: ${frame.text.trim()}`);
    }
  };
  const startBeats = (header: string | undefined): void => {
    const { heartBeatMs } = options;
    const [sends = "0", wants = "0"] = (header ?? "").split(",");
    if (heartBeatMs === 0 || version === "1.0") {
      if (header !== "0,0") violate(`heart-beat ${header} though none was asked for`);
      return;
    }
    if (Number(sends) !== heartBeatMs || Number(wants) !== heartBeatMs) {
      violate(`heart-beat ${header} though ${heartBeatMs} was asked for both ways`);
    }
    const beat = (): void => {
      if (state !== "connected") return;
      if (stalls === 0 && runtime.elapsedMs - heardAt > 2 * heartBeatMs + 2 * style.latencyMs) {
        violate(`no sign of life for ${runtime.elapsedMs - heardAt} ms`);
      }
      line.send("\n");
      runtime.after(heartBeatMs * 0.8, beat);
    };
    runtime.after(heartBeatMs * 0.8, beat);
  };
  const onMessageData = (data: string | Uint8Array): void => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const parsed = parseFrame(bytes, { version, binary: typeof data !== "string" });
    if (parsed?.length !== bytes.length) return violate("a message is not one whole frame");
    onFrame(parsed.frame);
  };
  const onStreamData = (data: Uint8Array): void => {
    stream = stream.length === 0 ? data : Buffer.concat([stream, data]);
    for (;;) {
      while (stream[0] === 10) stream = stream.subarray(1);
      const parsed = parseFrame(stream, { version, binary: true });
      if (parsed === null) return;
      stream = stream.subarray(parsed.length);
      onFrame(parsed.frame);
    }
  };

  const line = openSimLine(world, {
    style,
    events: {
      data: (data) => {
        if (state === "over") return;
        heardAt = runtime.elapsedMs;
        try {
          if (data === "\n") return;
          if (style.carries === "stream" && typeof data !== "string") onStreamData(data);
          else onMessageData(data);
        } catch (error) {
          violate(error instanceof Error ? error.message : String(error));
        }
      },
      closed: (how) => {
        const expected = errorCode !== undefined || partedWell;
        if (how.clean && !expected) violate("the broker said goodbye without an ERROR");
        over(how.clean ? `closed with ${how.code}` : "the broker cut the line");
      },
    },
  });
  const client: SimClient = {
    name,
    line,
    mayMeet,
    version: options.version,
    get connected() {
      return state === "connected";
    },
    get over() {
      return state === "over";
    },
    get leftAt() {
      const left = Math.min(leftAt ?? Infinity, line.leftAt ?? Infinity);
      return left === Infinity ? undefined : left;
    },
    get errorCode() {
      return errorCode;
    },
    get partedWell() {
      return partedWell;
    },
    get owed() {
      return awaited.length;
    },
    send: (command, headers, { body = new Uint8Array(0), receipt = false, onAccepted } = {}) => {
      if (state === "over") return;
      const ordinal = ++ordinals;
      world.trace(`${name} sends ${command} ${JSON.stringify(headers)}`);
      const all: Record<string, string> = { ...headers };
      if (body.length > 0) all["content-length"] = String(body.length);
      if (receipt) {
        all["receipt"] = `${name}-r${ordinal}`;
        awaited.push({ receipt: all["receipt"], ordinal });
      }
      if (onAccepted !== undefined) unconfirmed.push({ ordinal, onAccepted });
      const head = frameText(command, all, { version });
      const text = Buffer.from(body).toString("utf8");
      const isText = !body.includes(0) && Buffer.from(text).equals(body);
      const frame = isText
        ? `${head.slice(0, -1)}${text}\0`
        : Buffer.concat([Buffer.from(head.slice(0, -1)), body, Buffer.from("\0")]);
      line.send(frame);
      if (chance.odds(0.05)) line.send(chance.pick(["\n", "\r\n", "\n\n"]));
    },
    sendRaw: (data) => line.send(data),
    stall: (forMs) => {
      stalls++;
      line.stall();
      runtime.after(forMs, () => {
        heardAt = runtime.elapsedMs;
        if (--stalls === 0) line.flow();
      });
    },
    disconnect: () => {
      if (state !== "connected") return;
      leftAt ??= runtime.elapsedMs;
      client.send(
        "DISCONNECT",
        {},
        {
          receipt: true,
          onAccepted: () => {
            partedWell = true;
          },
        },
      );
      state = "leaving";
    },
    crash: () => {
      if (state === "over") return;
      leftAt ??= runtime.elapsedMs;
      line.cut();
      over("crashed");
    },
  };
  const wish = options.version === "1.2" ? "1.0,1.1,1.2" : options.version;
  const beat = `${options.heartBeatMs},${options.heartBeatMs}`;
  if (options.mute === true) return client;
  const headers: Record<string, string> = {
    "accept-version": wish,
    host: "sim",
    "heart-beat": beat,
  };
  if (options.clientId !== undefined) headers["client-id"] = options.clientId;
  line.send(frameText("CONNECT", headers));
  return client;
}

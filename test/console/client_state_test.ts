import { describe, expect, test } from "bun:test";
import {
  afterEnd,
  afterFrame,
  afterStart,
  CLIENT_LIMITS,
  type ClientState,
  NO_CLIENT,
} from "../../console/client/client_state.ts";
import { cutFrame, shownFrame } from "../../console/client/shown_frame.ts";
import { someFrame } from "./frames_sample.ts";

type Headers = Readonly<Record<string, string>>;
/** `>` was sent, `<` received. */
type Line = readonly [way: ">" | "<", command: string, headers?: Headers, body?: string];

function play(lines: readonly Line[], from = afterStart(NO_CLIENT, "ws://x/")): ClientState {
  const count = from.log.entries.at(-1)?.frame.number ?? 0;
  return lines
    .map(([way, command, headers = {}, body = ""], index) =>
      someFrame({
        number: count + index + 1,
        at: 1_000 + count + index,
        direction: way === ">" ? "in" : "out",
        command,
        headers: Object.entries(headers),
        body,
      }),
    )
    .reduce(afterFrame, from);
}

const CONNECTED: Line = ["<", "CONNECTED", { version: "1.2", server: "s/1", session: "x" }];
const subscribe = (id: string, ack: string): Line => [
  ">",
  "SUBSCRIBE",
  { id, destination: `/queue/${id}`, ack },
];
const message = (subscription: string, ack: string): Line => [
  "<",
  "MESSAGE",
  { subscription, "message-id": `m-${ack}`, ack, destination: `/queue/${subscription}` },
];
/** What can be done or was said about each message. */
const verdictsOf = ({ messages }: ClientState) =>
  messages.map(({ ackId, verdict }) =>
    verdict === undefined
      ? (ackId ?? "nothing")
      : [verdict.kind, verdict.transaction].filter(Boolean).join(" in "),
  );

describe("the connection", () => {
  test("is on from CONNECTED", () => {
    const started = afterStart(NO_CLIENT, "ws://x/");
    expect(started).toMatchObject({ phase: "connecting", url: "ws://x/" });
    expect(play([CONNECTED])).toMatchObject({
      phase: "on",
      connected: { version: "1.2", server: "s/1", session: "x", heartBeat: "" },
    });
  });

  test("without a version is 1.0", () => {
    expect(play([["<", "CONNECTED"]]).connected?.version).toBe("1.0");
  });

  test("keeps what the broker said last when it is over", () => {
    const error = play([CONNECTED, ["<", "ERROR", { message: "No", code: "forbidden" }, "why"]]);
    expect(error.problem).toMatchObject({
      kind: "error",
      frame: { command: "ERROR", body: "why" },
    });
    expect(afterEnd(error, error.problem)).toMatchObject({ phase: "off", problem: error.problem });
    expect(afterStart(error, "ws://y/").problem).toBeUndefined();
  });

  test("takes with it what cannot go on", () => {
    const state = play([
      CONNECTED,
      subscribe("a", "client"),
      message("a", "1"),
      [">", "BEGIN", { transaction: "t" }],
      [">", "SEND", { destination: "/queue/a", receipt: "r" }],
    ]);
    const after = afterEnd(state, undefined);
    expect(after.subscriptions).toEqual([]);
    expect(after.transactions).toEqual([]);
    expect(verdictsOf(after)).toEqual(["nothing"]);
    expect(after.receipts).toMatchObject([{ id: "r", isOpen: false, cameAt: undefined }]);
    expect(after.log.entries).toHaveLength(5);
  });
});

describe("subscriptions", () => {
  test("are there until they are ended, and count what they get", () => {
    const state = play([
      CONNECTED,
      subscribe("a", "client"),
      [">", "SUBSCRIBE", { id: "b", destination: "/topic/b", selector: "x > 1" }],
      message("a", "1"),
      message("a", "2"),
    ]);
    expect(state.subscriptions).toEqual([
      { id: "a", destination: "/queue/a", ack: "client", selector: undefined, received: 2 },
      { id: "b", destination: "/topic/b", ack: "auto", selector: "x > 1", received: 0 },
    ]);
    const after = play([[">", "UNSUBSCRIBE", { id: "a" }]], state);
    expect(after.subscriptions.map(({ id }) => id)).toEqual(["b"]);
    expect(verdictsOf(after)).toEqual(["nothing", "nothing"]);
  });
});

describe("messages", () => {
  test.each([
    ["1.2", { ack: "9", "message-id": "m" }, "9"],
    ["1.1", { "message-id": "m" }, "m"],
    ["1.0", { "message-id": "m" }, "m"],
  ])("of STOMP %s with %j are acknowledged as %s", (version, headers, ackId) => {
    const state = play([
      ["<", "CONNECTED", { version }],
      subscribe("a", "client"),
      ["<", "MESSAGE", { subscription: "a", ...headers }],
    ]);
    expect(state.messages[0]?.ackId).toBe(ackId);
  });

  test("of an auto subscription need no acknowledgement", () => {
    expect(verdictsOf(play([CONNECTED, subscribe("a", "auto"), message("a", "1")]))).toEqual([
      "nothing",
    ]);
  });

  test.each([
    ["client-individual", [">", "ACK", { id: "2" }], ["1", "acknowledged", "3", "b1"]],
    ["client-individual", [">", "NACK", { id: "1" }], ["refused", "2", "3", "b1"]],
    ["client", [">", "ACK", { id: "2" }], ["acknowledged", "acknowledged", "3", "b1"]],
    ["client", [">", "NACK", { id: "3" }], ["refused", "refused", "refused", "b1"]],
    ["client", [">", "ACK", { id: "unknown" }], ["1", "2", "3", "b1"]],
  ] as const)("in ack mode %s and after %j are %j", (ack, line, verdicts) => {
    const state = play([
      CONNECTED,
      subscribe("a", ack),
      subscribe("b", ack),
      message("a", "1"),
      message("a", "2"),
      message("b", "b1"),
      message("a", "3"),
      line,
    ]);
    const sorted = state.messages.toSorted((x, y) => x.subscription.localeCompare(y.subscription));
    expect(verdictsOf({ ...state, messages: sorted })).toEqual([...verdicts]);
  });

  test("go, the oldest first, when there are too many, and are counted", () => {
    const { messagesMax } = CLIENT_LIMITS;
    const many = Array.from({ length: messagesMax + 3 }, (_none, index) =>
      message("a", `${index}`),
    );
    const state = play([CONNECTED, subscribe("a", "client"), ...many]);
    expect([state.messages.length, state.dropped]).toEqual([messagesMax, 3]);
    expect(state.messages[0]?.ackId).toBe("3");
  });

  test("go when they take too much, but for the last", () => {
    const large = "x".repeat(CLIENT_LIMITS.messageBytesMax);
    const state = play([CONNECTED, message("a", "1"), ["<", "MESSAGE", {}, large]]);
    expect(state.messages.map(({ frame }) => frame.bodyBytes)).toEqual([large.length]);
    expect(state.dropped).toBe(1);
  });
});

describe("transactions", () => {
  const begun: readonly Line[] = [
    CONNECTED,
    subscribe("a", "client"),
    message("a", "1"),
    message("a", "2"),
    [">", "BEGIN", { transaction: "t" }],
    [">", "BEGIN", { transaction: "u" }],
    [">", "SEND", { destination: "/queue/x", transaction: "t" }],
    [">", "ACK", { id: "2", transaction: "t" }],
    [">", "SEND", { destination: "/queue/y" }],
  ];

  test("show what is in them", () => {
    const state = play(begun);
    expect(state.transactions).toEqual([
      {
        id: "t",
        operations: [
          { command: "SEND", what: "/queue/x" },
          { command: "ACK", what: "2" },
        ],
        count: 2,
      },
      { id: "u", operations: [], count: 0 },
    ]);
    expect(verdictsOf(state)).toEqual(["acknowledged in t", "acknowledged in t"]);
  });

  test("make what was said final when they commit", () => {
    const state = play([[">", "COMMIT", { transaction: "t" }]], play(begun));
    expect(state.transactions.map(({ id }) => id)).toEqual(["u"]);
    expect(verdictsOf(state)).toEqual(["acknowledged", "acknowledged"]);
  });

  test("take it back when they abort, as far as there still is a subscription", () => {
    const abort: Line = [">", "ABORT", { transaction: "t" }];
    expect(verdictsOf(play([abort], play(begun)))).toEqual(["1", "2"]);
    const unsubscribed = play([[">", "UNSUBSCRIBE", { id: "a" }], abort], play(begun));
    expect(verdictsOf(unsubscribed)).toEqual(["nothing", "nothing"]);
  });

  test("are listed up to a hundred operations, and counted beyond", () => {
    const send: Line = [">", "SEND", { destination: "/queue/x", transaction: "t" }];
    const state = play([
      [">", "BEGIN", { transaction: "t" }],
      ...Array.from({ length: 105 }, () => send),
    ]);
    const [transaction] = state.transactions;
    expect([transaction?.operations.length, transaction?.count]).toEqual([100, 105]);
  });
});

test("receipts come for what asked for them", () => {
  const state = play([
    CONNECTED,
    [">", "SEND", { destination: "/queue/x", receipt: "r" }],
    [">", "SUBSCRIBE", { destination: "/queue/x", id: "a", receipt: "s" }],
    ["<", "RECEIPT", { "receipt-id": "r" }],
  ]);
  expect(state.receipts).toEqual([
    {
      id: "r",
      of: { command: "SEND", what: "/queue/x" },
      askedAt: 1_001,
      cameAt: 1_003,
      isOpen: false,
    },
    {
      id: "s",
      of: { command: "SUBSCRIBE", what: "/queue/x" },
      askedAt: 1_002,
      cameAt: undefined,
      isOpen: true,
    },
  ]);
});

describe("a frame as it is shown", () => {
  const occasion = { number: 1, at: 5, direction: "in" } as const;
  const bytes = (text: string) => new TextEncoder().encode(text);

  test("has its text, or its bytes in Base64", () => {
    const of = (body: Uint8Array<ArrayBuffer>) =>
      shownFrame({ command: "SEND", headers: [], body }, occasion);
    expect(of(bytes("é"))).toMatchObject({ body: "é", bodyBytes: 2, direction: "in", number: 1 });
    expect(of(Uint8Array.of(0xff, 0))).toMatchObject({ bodyBase64: "/wA=", bodyBytes: 2 });
    expect(of(Uint8Array.of(0xff, 0)).body).toBeUndefined();
  });

  test("has no passcode", () => {
    const headers: [string, string][] = [
      ["login", "ann"],
      ["passcode", "hunter2"],
      ["x-token", "hunter2"],
    ];
    const login = shownFrame({ command: "CONNECT", headers, body: bytes("") }, occasion);
    expect(JSON.stringify(login)).not.toContain("hunter2");
    expect(login.headers[0]).toEqual(["login", "ann"]);
  });

  test.each([
    [
      { body: "abcdef", bodyBytes: 6 },
      { body: "abcd", truncated: true },
    ],
    [
      { body: "abc😀", bodyBytes: 7 },
      { body: "abc", truncated: true },
    ],
    [
      { body: "abcd", bodyBytes: 4 },
      { body: "abcd", truncated: false },
    ],
    [
      { body: undefined, bodyBase64: "AAECAwQF", bodyBytes: 6 },
      { bodyBase64: "AAEC", truncated: true },
    ],
  ])("%j is cut to four bytes as %j", (about, cut) => {
    const { body: _none, ...rest } = someFrame();
    const frame = cutFrame({ ...rest, ...about }, 4);
    expect(frame).toMatchObject({ ...cut, bodyBytes: about.bodyBytes });
  });
});

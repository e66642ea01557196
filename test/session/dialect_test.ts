import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/fault.ts";
import {
  canonicalDestination,
  DESTINATION_PREFIXES,
  DIALECT_HEADERS,
  type DialectHeader,
  readNackHeaders,
  readSendHeaders,
  stampSend,
  readSubscribeHeaders,
  readUnsubscribeHeaders,
} from "../../src/session/dialect.ts";

const NOW = 1_600_000_000_000;

/** What a SEND with these headers asks for and is given when it comes at that time. */
function readSend(headers: readonly string[], now: number) {
  const asks = readSendHeaders(headers);
  return { ...asks, ...stampSend(asks, now) };
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

/** What a test of an option does with a row that has it. */
type Checks = Partial<Record<DialectHeader["option"], (row: DialectHeader) => void>>;

describe("Every row of the table", () => {
  test("has its spelling once a frame, someone who spells it so, and a note", () => {
    const spellings = DIALECT_HEADERS.map(({ frame, spelling }) => `${frame} ${spelling}`);
    expect(spellings.filter((each, at) => spellings.indexOf(each) !== at)).toEqual([]);
    for (const { of, note } of DIALECT_HEADERS) {
      expect(of.length).toBeGreaterThan(0);
      expect(note).toMatch(/^[A-Z0-9`].*[^.]$/);
    }
  });

  /** What each option does with a header of a SEND. */
  const sending: Checks = {
    "broker-owned": ({ spelling }) => {
      expect(readSend([spelling, "forged", "own", "1"], NOW).kept).toEqual(["own", "1"]);
    },
    "executed-once": ({ spelling }) => {
      expect(readSend(["own", "1", spelling, "x"], NOW).kept).toEqual(["own", "1"]);
    },
    persistent: ({ spelling }) => {
      expect(readSend([spelling, "true"], NOW).persistent).toBe(true);
      expect(readSend([spelling, "false"], NOW).persistent).toBe(false);
    },
    priority: ({ spelling }) => {
      expect(readSend([spelling, "9"], NOW).priority).toBe(9);
      for (const bad of ["10", "-1", "4.5", "high", ""]) {
        expect(codeOf(() => readSend([spelling, bad], NOW))).toBe("bad-header");
      }
    },
    "expires-at": ({ spelling, taken }) => {
      const read = readSend([spelling, "5000"], NOW);
      expect(read.expiresAt).toBe(taken ? NOW + 5_000 : 5_000);
      expect(read.added.includes("expires")).toBe(taken);
      for (const never of ["0", ""]) {
        expect(readSend([spelling, never], NOW).expiresAt).toBe(0);
      }
      expect(codeOf(() => readSend([spelling, "soon"], NOW))).toBe("bad-header");
    },
    timestamp: ({ spelling }) => {
      expect(readSend([spelling, "123"], NOW)).toMatchObject({ added: [], kept: undefined });
      const replaced = readSend([spelling, "today", "own", "1"], NOW);
      expect(replaced).toMatchObject({ added: ["timestamp", `${NOW}`], kept: ["own", "1"] });
    },
    "reply-to": ({ spelling }) => {
      const read = (value: string) => readSend([spelling, value], NOW);
      for (const temporary of ["/temp-queue/a", "temp-topic://a"]) {
        expect(read(temporary)).toMatchObject({ replyTo: temporary, kept: undefined });
      }
      for (const other of ["/queue/a", "/remote-temp-queue/a", "anything", ""]) {
        expect(read(other)).toMatchObject({ replyTo: undefined, kept: undefined });
      }
    },
    retain: ({ spelling, taken }) => {
      const retain = (value: string) => readSend([spelling, value], NOW).retain;
      expect(["set", "true", "remove", "false", ""].map(retain)).toEqual([
        "keep",
        "keep",
        "remove",
        undefined,
        undefined,
      ]);
      expect(codeOf(() => retain("perhaps"))).toBe("bad-header");
      const { kept } = readSend(["own", "1", spelling, "true"], NOW);
      expect(kept).toEqual(taken ? ["own", "1"] : undefined);
    },
    delay: ({ spelling }) => {
      expect(codeOf(() => readSend([spelling, "1"], NOW))).toBe("unsupported-feature");
    },
  };

  /** The same for a SUBSCRIBE. */
  const subscribing: Checks = {
    prefetch: ({ spelling }) => {
      const prefetch = (value: string) => readSubscribeHeaders([spelling, value]).prefetch;
      expect(["1", "50", "0", "-1"].map(prefetch)).toEqual([1, 50, Infinity, Infinity]);
      for (const bad of ["-2", "many", "", "1.5", " 1"]) {
        expect(codeOf(() => prefetch(bad))).toBe("bad-header");
      }
    },
    "prefetch-bytes": ({ spelling }) => {
      const read = (value: string) => {
        const { prefetch, prefetchBytes } = readSubscribeHeaders([spelling, value]);
        return [prefetch, prefetchBytes];
      };
      expect(["1", "1024", "-1"].map(read)).toEqual([
        [undefined, 1],
        [undefined, 1_024],
        [undefined, Infinity],
      ]);
      expect(read("0")).toEqual([1, undefined]);
      for (const bad of ["-2", "many", "", "1.5"])
        expect(codeOf(() => read(bad))).toBe("bad-header");
    },
    browse: ({ spelling }) => {
      const browse = (value: string) => readSubscribeHeaders([spelling, value]).browse;
      expect(["true", "false", ""].map(browse)).toEqual([true, false, false]);
    },
    "no-local": ({ spelling }) => {
      const noLocal = (value: string) => readSubscribeHeaders([spelling, value]).noLocal;
      expect(["true", "false", ""].map(noLocal)).toEqual([true, false, false]);
    },
    selector: ({ spelling }) => {
      expect(readSubscribeHeaders([spelling, "a = 1"]).selector).toBe("a = 1");
      expect(readSubscribeHeaders([spelling, ""]).selector).toBeUndefined();
    },
    "durable-name": ({ spelling }) => {
      const name = (value: string) =>
        readSubscribeHeaders([spelling, value, "id", "1"]).durableName;
      expect(["news", ""].map(name)).toEqual(["news", undefined]);
    },
    "durable-id": ({ spelling }) => {
      const name = (value: string) =>
        readSubscribeHeaders([spelling, value, "id", "1"]).durableName;
      expect(["true", "false", ""].map(name)).toEqual(["1", undefined, undefined]);
      expect(readSubscribeHeaders([spelling, "true"]).durableName).toBeUndefined();
    },
    ignored: ({ spelling }) => {
      expect(readSubscribeHeaders([spelling, "true"])).toEqual(readSubscribeHeaders([]));
    },
  };

  /** The same for an UNSUBSCRIBE. */
  const unsubscribing: Checks = {
    "durable-name": ({ spelling }) => {
      expect(readUnsubscribeHeaders([spelling, "news"])).toEqual({ delete: true, name: "news" });
    },
    "durable-id": ({ spelling }) => {
      const read = (value: string) => readUnsubscribeHeaders(["id", "1", spelling, value]);
      expect(read("true")).toEqual({ delete: true, name: "1" });
      expect(read("false")).toEqual({ delete: false, name: undefined });
    },
  };

  /** The same for a NACK. */
  const refusing: Checks = {
    requeue: ({ spelling }) => {
      const requeue = (value: string) => readNackHeaders([spelling, value]).requeue;
      expect(["true", "false", ""].map(requeue)).toEqual([true, false, true]);
    },
    "redelivery-delay": ({ spelling }) => {
      const delayMs = (value: string) => readNackHeaders([spelling, value]).delayMs;
      expect(["0", "500"].map(delayMs)).toEqual([0, 500]);
      for (const bad of ["-1", "soon", "", "1.5"]) {
        expect(codeOf(() => delayMs(bad))).toBe("bad-header");
      }
    },
  };

  const checks: Readonly<Record<DialectHeader["frame"], Checks>> = {
    SEND: sending,
    SUBSCRIBE: subscribing,
    UNSUBSCRIBE: unsubscribing,
    NACK: refusing,
  };

  for (const row of DIALECT_HEADERS) {
    test(`${row.frame} ${row.spelling} (${row.of.join(", ")}) is ${row.option}`, () => {
      const check = checks[row.frame][row.option];
      if (check === undefined) throw new Error(`No test knows what ${row.option} does`);
      check(row);
    });
  }
});

describe("The headers of a SEND", () => {
  test("without anything of ours are kept as they came", () => {
    const read = readSend(["destination", "/queue/a", "own", "1", "own", "2"], NOW);
    expect(read).toEqual({
      persistent: false,
      priority: 4,
      ...{ expires: 0, expiresRelative: false, expiresAt: 0 },
      replyTo: undefined,
      retain: undefined,
      kept: undefined,
      keepsTimestamp: false,
      added: ["timestamp", `${NOW}`],
      hasContentLength: false,
    });
  });

  test("keep their order, repeats included, when something is taken out", () => {
    const headers = ["a", "1", "receipt", "r", "b", "2", "a", "3", "transaction", "t"];
    expect(readSend(headers, NOW).kept).toEqual(["a", "1", "b", "2", "a", "3"]);
  });

  test("count by the first of those that repeat", () => {
    expect(readSend(["priority", "1", "priority", "9"], NOW).priority).toBe(1);
    expect(readSend(["priority", "1", "priority", "none"], NOW).priority).toBe(1);
    expect(readSend(["persistent", "false", "persistent", "true"], NOW).persistent).toBe(false);
    expect(readSend(["expires", "7", "ttl", "9"], NOW).expiresAt).toBe(7);
    expect(readSend(["ttl", "9", "expires", "7"], NOW).expiresAt).toBe(NOW + 9);
    expect(readSend(["timestamp", "1", "timestamp", "x"], NOW).added).toEqual([]);
  });

  test("say whether the body's length is among them", () => {
    expect(readSend(["content-length", "3"], NOW).hasContentLength).toBe(true);
  });
});

describe("The headers of a SUBSCRIBE", () => {
  test("count by the first prefetch, whoever spells it", () => {
    const headers = ["prefetch-count", "3", "activemq.prefetchSize", "9", "prefetch-count", "x"];
    expect(readSubscribeHeaders(headers).prefetch).toBe(3);
    expect(readSubscribeHeaders(["credit", "5,100"]).prefetch).toBe(5);
    expect(readSubscribeHeaders(["ack", "client"]).prefetch).toBeUndefined();
  });

  test("hold bytes behind the comma of a prefetch, the first that are named", () => {
    const bytes = (...headers: readonly string[]) => readSubscribeHeaders(headers).prefetchBytes;
    expect(bytes("credit", "5,100")).toBe(100);
    expect(bytes("credit", "5,0")).toBe(Infinity);
    expect(bytes("credit", "5")).toBeUndefined();
    expect(bytes("credit", "5,100", "consumer-window-size", "200")).toBe(100);
    expect(codeOf(() => bytes("credit", "5,many"))).toBe("bad-header");
  });

  test("of several names take the first, and a name before the id", () => {
    const name = (...headers: readonly string[]) => readSubscribeHeaders(headers).durableName;
    expect(name("activemq.subscriptionName", "a", "durable-subscription-name", "b")).toBe("a");
    expect(name("id", "1", "durable", "true", "durable-subscriber-name", "c")).toBe("c");
  });

  test("are all without effect where there are none of ours", () => {
    expect(readSubscribeHeaders(["id", "1", "own", "x"])).toEqual({
      prefetch: undefined,
      prefetchBytes: undefined,
      selector: undefined,
      browse: false,
      noLocal: false,
      durableName: undefined,
    });
    expect(readUnsubscribeHeaders(["id", "1"])).toEqual({ delete: false, name: undefined });
    expect(readNackHeaders(["id", "1"])).toEqual({ requeue: true, delayMs: undefined });
  });
});

describe("Destinations in other spellings", () => {
  for (const { from, to } of DESTINATION_PREFIXES) {
    test(`${from}NAME is ${to}NAME`, () => {
      expect(canonicalDestination(`${from}a.b/c`, "reject")).toBe(`${to}a.b/c`);
    });
  }

  const table: readonly (readonly [text: string, reject: string, topic: string, queue: string])[] =
    [
      ["/queue/a", "/queue/a", "/queue/a", "/queue/a"],
      ["/temp-topic/a", "/temp-topic/a", "/temp-topic/a", "/temp-topic/a"],
      ["a.b", "bad-destination", "/topic/a.b", "/queue/a.b"],
      ["/other/a", "bad-destination", "/topic//other/a", "/queue//other/a"],
      ["", "bad-destination", "bad-destination", "bad-destination"],
    ];
  for (const [text, ...expected] of table) {
    test(`${JSON.stringify(text)} by what --unprefixed says`, () => {
      const read = (["reject", "topic", "queue"] as const).map((unprefixed) => {
        try {
          return canonicalDestination(text, unprefixed);
        } catch (error) {
          if (error instanceof Fault) return error.code;
          throw error;
        }
      });
      expect(read).toEqual(expected);
    });
  }
});

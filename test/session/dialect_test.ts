import { describe, expect, test } from "bun:test";
import { Fault } from "../../src/fault.ts";
import {
  canonicalDestination,
  DESTINATION_PREFIXES,
  DIALECT_HEADERS,
  type DialectHeader,
  readSendHeaders,
  readSubscribeHeaders,
} from "../../src/session/dialect.ts";

const NOW = 1_600_000_000_000;

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
  return "none";
}

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
  const sending: Partial<Record<DialectHeader["option"], (row: DialectHeader) => void>> = {
    "broker-owned": ({ spelling }) => {
      expect(readSendHeaders([spelling, "forged", "own", "1"], NOW).kept).toEqual(["own", "1"]);
    },
    "executed-once": ({ spelling }) => {
      expect(readSendHeaders(["own", "1", spelling, "x"], NOW).kept).toEqual(["own", "1"]);
    },
    persistent: ({ spelling }) => {
      expect(readSendHeaders([spelling, "true"], NOW).persistent).toBe(true);
      expect(readSendHeaders([spelling, "false"], NOW).persistent).toBe(false);
    },
    priority: ({ spelling }) => {
      expect(readSendHeaders([spelling, "9"], NOW).priority).toBe(9);
      for (const bad of ["10", "-1", "4.5", "high", ""]) {
        expect(codeOf(() => readSendHeaders([spelling, bad], NOW))).toBe("bad-header");
      }
    },
    "expires-at": ({ spelling, taken }) => {
      const read = readSendHeaders([spelling, "5000"], NOW);
      expect(read.expiresAt).toBe(taken ? NOW + 5_000 : 5_000);
      expect(read.added.includes("expires")).toBe(taken);
      for (const never of ["0", ""]) {
        expect(readSendHeaders([spelling, never], NOW).expiresAt).toBe(0);
      }
      expect(codeOf(() => readSendHeaders([spelling, "soon"], NOW))).toBe("bad-header");
    },
    timestamp: ({ spelling }) => {
      expect(readSendHeaders([spelling, "123"], NOW)).toMatchObject({ added: [], kept: undefined });
      const replaced = readSendHeaders([spelling, "today", "own", "1"], NOW);
      expect(replaced).toMatchObject({ added: ["timestamp", `${NOW}`], kept: ["own", "1"] });
    },
    delay: ({ spelling }) => {
      expect(codeOf(() => readSendHeaders([spelling, "1"], NOW))).toBe("unsupported-feature");
    },
  };

  /** The same for a SUBSCRIBE. */
  const subscribing: Partial<Record<DialectHeader["option"], (row: DialectHeader) => void>> = {
    prefetch: ({ spelling }) => {
      const prefetch = (value: string) => readSubscribeHeaders([spelling, value]).prefetch;
      expect(["1", "50", "0", "-1"].map(prefetch)).toEqual([1, 50, Infinity, Infinity]);
      for (const bad of ["-2", "many", "", "1.5", " 1"]) {
        expect(codeOf(() => prefetch(bad))).toBe("bad-header");
      }
    },
    browser: ({ spelling }) => {
      expect(codeOf(() => readSubscribeHeaders([spelling, "false"]))).toBe("none");
      expect(codeOf(() => readSubscribeHeaders([spelling, "true"]))).toBe("unsupported-feature");
    },
    selector: ({ spelling }) => {
      expect(codeOf(() => readSubscribeHeaders([spelling, "a = 1"]))).toBe("unsupported-feature");
    },
    "durable-name": ({ spelling }) => {
      expect(codeOf(() => readSubscribeHeaders([spelling, "x"]))).toBe("unsupported-feature");
    },
  };

  for (const row of DIALECT_HEADERS) {
    test(`${row.frame} ${row.spelling} (${row.of.join(", ")}) is ${row.option}`, () => {
      const check = (row.frame === "SEND" ? sending : subscribing)[row.option];
      if (check === undefined) throw new Error(`No test knows what ${row.option} does`);
      check(row);
    });
  }
});

describe("The headers of a SEND", () => {
  test("without anything of ours are kept as they came", () => {
    const read = readSendHeaders(["destination", "/queue/a", "own", "1", "own", "2"], NOW);
    expect(read).toEqual({
      persistent: false,
      priority: 4,
      expiresAt: 0,
      kept: undefined,
      added: ["timestamp", `${NOW}`],
      hasContentLength: false,
    });
  });

  test("keep their order, repeats included, when something is taken out", () => {
    const headers = ["a", "1", "receipt", "r", "b", "2", "a", "3", "transaction", "t"];
    expect(readSendHeaders(headers, NOW).kept).toEqual(["a", "1", "b", "2", "a", "3"]);
  });

  test("count by the first of those that repeat", () => {
    expect(readSendHeaders(["priority", "1", "priority", "9"], NOW).priority).toBe(1);
    expect(readSendHeaders(["priority", "1", "priority", "none"], NOW).priority).toBe(1);
    expect(readSendHeaders(["persistent", "false", "persistent", "true"], NOW).persistent).toBe(
      false,
    );
    expect(readSendHeaders(["expires", "7", "ttl", "9"], NOW).expiresAt).toBe(7);
    expect(readSendHeaders(["ttl", "9", "expires", "7"], NOW).expiresAt).toBe(NOW + 9);
    expect(readSendHeaders(["timestamp", "1", "timestamp", "x"], NOW).added).toEqual([]);
  });

  test("say whether the body's length is among them", () => {
    expect(readSendHeaders(["content-length", "3"], NOW).hasContentLength).toBe(true);
  });
});

describe("The headers of a SUBSCRIBE", () => {
  test("count by the first prefetch, whoever spells it", () => {
    const headers = ["prefetch-count", "3", "activemq.prefetchSize", "9", "prefetch-count", "x"];
    expect(readSubscribeHeaders(headers).prefetch).toBe(3);
    expect(readSubscribeHeaders(["credit", "5,100"]).prefetch).toBe(5);
    expect(readSubscribeHeaders(["ack", "client"]).prefetch).toBeUndefined();
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

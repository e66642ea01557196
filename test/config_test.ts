import { describe, expect, test } from "bun:test";
import {
  ConfigError,
  contradictions,
  DEFAULT_LISTEN,
  defaultConfig,
  formatDuration,
  formatSize,
  listenersOf,
  OPTIONS,
  parseListen,
  RULE_OPTIONS,
} from "../src/config.ts";
import { configSchema } from "../src/config/config_schema.ts";
import { parseDestination } from "../src/broker/destination.ts";
import type { PolicyRule, QueuePolicy } from "../src/broker/policy.ts";
import { Fault } from "../src/fault.ts";
import type { SessionLimits } from "../src/session/limits.ts";

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "no error";
}

describe("addresses to listen on", () => {
  const good = [
    ["ws://localhost:61614", "ws", "localhost", 61614, "", true],
    ["ws://localhost:0/", "ws", "localhost", 0, "", true],
    ["WS://LocalHost:80", "ws", "localhost", 80, "", true],
    ["ws://127.0.0.1:8080/a/b/", "ws", "127.0.0.1", 8080, "/a/b", true],
    ["ws://127.1:1", "ws", "127.0.0.1", 1, "", true],
    ["ws://0x7f000001:1", "ws", "127.0.0.1", 1, "", true],
    ["tcp://[::1]:61613", "tcp", "::1", 61613, "", true],
    ["tcp://[0:0:0:0:0:0:0:1]:1", "tcp", "::1", 1, "", true],
    ["tcp://[::ffff:127.0.0.1]:1", "tcp", "::ffff:7f00:1", 1, "", true],
    ["tcp://0.0.0.0:65535", "tcp", "0.0.0.0", 65535, "", false],
    ["tcp://[::]:1", "tcp", "::", 1, "", false],
    ["tcp://[::ffff:10.0.0.1]:1", "tcp", "::ffff:a00:1", 1, "", false],
    ["ws://localhost.example.com:1", "ws", "localhost.example.com", 1, "", false],
    ["ws://127.0.0.1.example.com:1", "ws", "127.0.0.1.example.com", 1, "", false],
    ["ws://192.168.1.7:443/x", "ws", "192.168.1.7", 443, "/x", false],
  ] as const;
  test.each(good)("%s is taken apart", (uri, scheme, host, port, prefix, loopback) => {
    expect(parseListen(uri)).toEqual({ scheme, host, port, prefix, loopback });
  });

  const bad = [
    ["", "expected ws://HOST:PORT/PREFIX or tcp://HOST:PORT"],
    ["61614", "expected ws://HOST:PORT/PREFIX or tcp://HOST:PORT"],
    ["localhost:61614", "expected ws://HOST:PORT/PREFIX or tcp://HOST:PORT"],
    ["http://localhost:1", 'unknown scheme "http", expected ws://HOST:PORT/PREFIX'],
    ["wss://localhost:1", "TLS comes from a proxy in front for now, use ws://HOST:PORT"],
    ["ssl://localhost:1", "TLS comes from a proxy in front for now, use tcp://HOST:PORT"],
    ["ws://localhost", "no port, expected 0 to 65535"],
    ["ws://localhost:", "no port, expected 0 to 65535"],
    ["ws://localhost:65536", '"65536" is not a port'],
    ["ws://localhost:-1", '"-1" is not a port'],
    ["ws://localhost:1e3", '"1e3" is not a port'],
    ["ws://:61614", "0.0.0.0 or [::] means every address"],
    ["ws://*:61614", "0.0.0.0 or [::] means every address"],
    ["ws://a b:1", '"a b" is not a host'],
    ["ws://[::1:1", "expected ws://HOST:PORT/PREFIX or tcp://HOST:PORT"],
    ["ws://[1::2::3]:1", '"[1::2::3]" is not a host'],
    ["ws://user@localhost:1", "expected ws://HOST:PORT/PREFIX or tcp://HOST:PORT"],
    ["tcp://localhost:1/", "a tcp address has no path"],
    ["ws://localhost:1/a?b", "is not a prefix"],
    ["ws://localhost:1/a/../b", "is not a prefix"],
    ["ws://localhost:1//", "is not a prefix"],
  ] as const;
  test.each(bad)("%p is refused, saying what is allowed", (uri, reason) => {
    const message = messageOf(() => parseListen(uri));
    expect(message).toStartWith(`Cannot listen on ${JSON.stringify(uri)}: `);
    expect(message).toContain(reason);
  });

  test("no listener given means the two of the default, loopback only", () => {
    expect(listenersOf(defaultConfig()).map(({ port }) => port)).toEqual([61614, 61613]);
    expect(listenersOf(defaultConfig()).every(({ loopback }) => loopback)).toBe(true);
    expect(DEFAULT_LISTEN).toHaveLength(2);
  });
});

describe("values as people write them", () => {
  const sizes = [
    ["4096", 4096],
    ["4MiB", 4 * 1024 ** 2],
    ["256 kib", 256 * 1024],
    ["1.5KiB", 1536],
    ["2000b", 2000],
  ] as const;
  test.each(sizes)("the size %s is %d bytes", (text, bytes) => {
    const limits = configSchema.parse({ limits: { transactionBytesMax: text } }).limits;
    expect(limits.transactionBytesMax).toBe(bytes);
  });

  const durations = [
    ["250", 250],
    ["250ms", 250],
    ["10s", 10_000],
    ["1.5 s", 1500],
    ["5m", 300_000],
    ["1h", 3_600_000],
  ] as const;
  test.each(durations)("the duration %s is %d ms", (text, ms) => {
    expect(configSchema.parse({ limits: { loginTimeoutMs: text } }).limits.loginTimeoutMs).toBe(ms);
  });

  const refused = [
    { limits: { frameBytesMax: "4MB" } },
    { limits: { frameBytesMax: "-1" } },
    { limits: { frameBytesMax: 1.5 } },
    { limits: { frameBytesMax: "1GiB" } },
    { limits: { frameBytesMax: true } },
    { limits: { frameBytesMax: null } },
    { limits: { loginTimeoutMs: "1d" } },
    { limits: { loginTimeoutMs: "10 bananas" } },
    { limits: { headersMax: "1e3" } },
    { limits: { headersMax: 0 } },
    { limits: { slowConsumer: "kill" } },
    { limits: { unheardOf: 1 } },
    { unheardOf: 1 },
    { quiet: "maybe" },
    { quiet: 1 },
    { log: "loud" },
    { maxDeliveries: 0 },
    { redeliveryDelayMs: "1d" },
    { redeliveryDelayMs: "169h" },
    { redeliveryDelayMaxMs: 0 },
    { redeliveryMultiplier: 0.9 },
    { redeliveryMultiplier: "1e1" },
    { redeliveryMultiplier: 101 },
    { deadLetterExpired: "maybe" },
    { destinations: {} },
    { destinations: ["/queue/a"] },
    { destinations: [{}] },
    { destinations: [{ match: 1 }] },
    { destinations: [{ match: "/queue/a", unheardOf: 1 }] },
    { destinations: [{ match: "/queue/a", maxDeliveries: 0 }] },
    { destinations: [{ match: "/queue/a", overflow: "drop-newest" }] },
    { static: "" },
    { listen: [1] },
    { listen: "nonsense" },
    { webSocketPaths: ["ws"] },
    { webSocketPaths: ["/a/../b"] },
    { allowOrigin: ["null"] },
    { allowOrigin: ["*"] },
    { allowOrigin: ["https://*"] },
    { allowOrigin: ["https://example.com/path"] },
    { allowOrigin: ["https://a.*.example.com"] },
    { allowOrigin: ["example.com"] },
  ].map((input) => [JSON.stringify(input), input] as const);
  test.each(refused)("%s is refused", (_text, input) => {
    expect(configSchema.safeParse(input).success).toBe(false);
  });

  test.each([
    ["1.5", 1.5],
    [2, 2],
    ["100", 100],
  ] as const)("the factor %p is %d", (written, value) => {
    const { redeliveryMultiplier } = configSchema.parse({ redeliveryMultiplier: written });
    expect(redeliveryMultiplier).toBe(value);
  });

  test.each(["true", "YES", "on", "1"])("a switch is on at %p", (text) => {
    expect(configSchema.parse({ quiet: text }).quiet).toBe(true);
  });
  test.each(["false", "No", "off", "0"])("a switch is off at %p", (text) => {
    expect(configSchema.parse({ quiet: text }).quiet).toBe(false);
  });

  const origins = [
    ["https://Example.com", "https://example.com"],
    ["https://example.com/", "https://example.com"],
    ["https://example.com:443", "https://example.com"],
    ["http://example.com:80", "http://example.com"],
    ["http://example.com:443", "http://example.com:443"],
    ["http://[::1]:5173", "http://[::1]:5173"],
    ["https://*.example.com", "https://*.example.com"],
    ["capacitor://localhost", "capacitor://localhost"],
  ] as const;
  test.each(origins)("the origin %s is compared as %s", (text, origin) => {
    expect(configSchema.parse({ allowOrigin: [text] }).allowOrigin).toEqual([origin]);
  });

  test("a list of one may be given as a text", () => {
    expect(configSchema.parse({ webSocketPaths: "/live/" }).webSocketPaths).toEqual(["/live"]);
  });

  test.each([4 * 1024 ** 2, 1536, 1000, 3 * 1024 ** 3])("the size %d is read back", (bytes) => {
    const { schema } = OPTIONS.find(({ name }) => name === "limits.queueBytesMax") ?? {};
    expect(schema?.parse(formatSize(Math.max(bytes, 1024)))).toBe(Math.max(bytes, 1024));
  });
  test.each([100, 1500, 60_000, 3_600_000])("the duration %d is read back", (ms) => {
    const { schema } = OPTIONS.find(({ name }) => name === "limits.loginTimeoutMs") ?? {};
    expect(schema?.parse(formatDuration(ms))).toBe(ms);
  });
});

describe("rules for some destinations", () => {
  const patterns = [
    "/queue/orders",
    "/queue/orders.>",
    "/queue/>",
    "/queue/a/*/c.#",
    "/topic/prices.*",
    "/topic/**/x",
    "/queue/DLQ.>",
  ];
  test.each(patterns)("%s is a pattern, as it is in a SUBSCRIBE", (match) => {
    expect(configSchema.parse({ destinations: [{ match }] }).destinations).toEqual([{ match }]);
    expect(parseDestination(match, "subscribe").path).toBe(match);
  });

  const refused = [
    ["orders.>", "unknown prefix, expected /queue/, /topic/, /temp-queue/, /temp-topic/"],
    ["/queues/a", "unknown prefix"],
    ["queue://a", "unknown prefix"],
    ["", "unknown prefix"],
    ["/queue/", "empty name"],
    ["/queue/a\tb", "control character"],
    ["/queue/orders*", 'segment "orders*", a wildcard must be a whole segment'],
    ["/topic/a.>b", 'segment ">b", a wildcard must be a whole segment'],
  ] as const;
  test.each(refused)("%p is none, in a SUBSCRIBE neither", (match, reason) => {
    const { error } = configSchema.safeParse({ destinations: [{ match }] });
    const sentence = error?.issues[0]?.message;
    expect(sentence).toStartWith(`Cannot match ${JSON.stringify(match)}: `);
    expect(sentence).toContain(reason);
    expect(() => parseDestination(match, "subscribe")).toThrow(Fault);
  });

  const useless = [
    ["/queue/a,/queue/b", "a comma, expected one pattern"],
    ["/temp-queue/replies", "expected /temp-queue/>"],
  ] as const;
  test.each(useless)("%p is refused: it would cover nothing", (match, reason) => {
    const { error } = configSchema.safeParse({ destinations: [{ match }] });
    expect(error?.issues[0]?.message).toContain(reason);
  });

  test.each(["/temp-queue/>", "/temp-topic/*"])("%s covers all temporary destinations", (match) => {
    expect(configSchema.safeParse({ destinations: [{ match }] }).success).toBe(true);
  });

  test("hold what the broker's policies take, and no key that is not given", () => {
    const full = {
      match: " /queue/a ",
      maxDeliveries: "3",
      redeliveryDelayMs: "1s",
      redeliveryMultiplier: "1.5",
      redeliveryDelayMaxMs: "1m",
      deadLetterExpired: "yes",
      messagesMax: "10",
      bytesMax: "4MiB",
      overflow: "drop-oldest",
    };
    const rules: PolicyRule[] = configSchema.parse({
      destinations: [full, { match: "/queue/b", maxDeliveries: 1 }],
    }).destinations;
    const policy: QueuePolicy = {
      maxDeliveries: 3,
      redeliveryDelayMs: 1000,
      redeliveryMultiplier: 1.5,
      redeliveryDelayMaxMs: 60_000,
      deadLetterExpired: true,
      messagesMax: 10,
      bytesMax: 4 * 1024 ** 2,
      overflow: "drop-oldest",
    };
    expect(rules[0]).toEqual({ match: "/queue/a", ...policy });
    // A key that is there and undefined would hide what a less specific rule says.
    expect(Object.keys(rules[1] ?? {})).toEqual(["match", "maxDeliveries"]);
    expect(RULE_OPTIONS.map(({ name }): keyof QueuePolicy => name).sort()).toEqual(
      Object.keys(policy)
        .filter((key): key is keyof QueuePolicy => key in policy)
        .sort(),
    );
  });

  test("have the ranges of the options that say the same for all", () => {
    expect(RULE_OPTIONS.map(({ key, option }) => `${key}: ${option.key}`)).toEqual([
      "max-deliveries: max-deliveries",
      "redelivery-delay: redelivery-delay-ms",
      "redelivery-multiplier: redelivery-multiplier",
      "redelivery-delay-max: redelivery-delay-max-ms",
      "dead-letter-expired: dead-letter-expired",
      "queue-messages-max: limits.queue-messages-max",
      "queue-bytes-max: limits.queue-bytes-max",
      "overflow: queue-overflow",
    ]);
    for (const { name, option } of RULE_OPTIONS) {
      for (const value of [option.fallback, -1, "nonsense", null]) {
        const rule = { match: "/queue/a", [name]: value };
        const { success } = configSchema.safeParse({ destinations: [rule] });
        expect([name, value, success]).toEqual([
          name,
          value,
          option.schema.safeParse(value).success,
        ]);
      }
    }
  });
});

describe("values that cannot be had together", () => {
  const cases = [
    [{ listen: ["ws://0.0.0.0:0"] }, "--allow-anonymous"],
    [{ listen: ["tcp://[::]:0"] }, "--allow-anonymous"],
    [{ listen: ["ws://broker.example.com:0"] }, "--allow-anonymous"],
    [{ listen: ["ws://localhost:1", "tcp://localhost:1"] }, "the port is given twice"],
    [{ singlePage: true }, "--static"],
    [{ limits: { heartBeatMinMs: 2000, heartBeatMaxMs: 1000 } }, "limits.heart-beat-max-ms 1000"],
    [{ redeliveryDelayMs: "2h" }, "redelivery-delay-max-ms 3600000"],
    [
      {
        destinations: [{ match: "/queue/a", redeliveryDelayMs: "2s", redeliveryDelayMaxMs: "1s" }],
      },
      'Cannot keep messages of "/queue/a" back: redelivery-delay 2000 is above',
    ],
    [{ limits: { headerLineBytesMax: 8192, frameBytesMax: 4096 } }, "limits.frame-bytes-max"],
  ] as const;
  test.each(cases.map(([input, text]) => [JSON.stringify(input), input, text] as const))(
    "%s names %s",
    (_json, input, text) => {
      const result = configSchema.safeParse(input);
      expect(result.error?.issues.map(({ message }) => message).join()).toContain(text);
    },
  );

  const fine = [
    { listen: ["ws://0.0.0.0:0"], allowAnonymous: true },
    { listen: ["ws://localhost:0", "tcp://localhost:0"] },
    { singlePage: true, static: "." },
  ];
  test.each(fine.map((input) => [JSON.stringify(input), input] as const))(
    "%s is fine",
    (_json, input) => {
      expect(configSchema.safeParse(input).success).toBe(true);
    },
  );
});

describe("the table of options", () => {
  test("every option has a default that it allows, a description and names of its own", () => {
    for (const { schema, fallback, description, allowed } of OPTIONS) {
      expect(schema.parse(fallback)).toEqual(fallback);
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(allowed).not.toBe("");
    }
    for (const names of [OPTIONS.map((o) => o.flag), OPTIONS.map((o) => o.variable)]) {
      expect(new Set(names).size).toBe(OPTIONS.length);
    }
  });

  test("every field of the schema is an option", () => {
    const { limits, ...top } = configSchema.shape;
    const names = Object.keys(limits.unwrap().shape).map((name) => `limits.${name}`);
    expect(OPTIONS.map(({ name }) => name)).toEqual([...Object.keys(top), ...names]);
  });

  test("a repeated flag may be named in the singular", () => {
    expect(OPTIONS.find(({ name }) => name === "destinations")).toMatchObject({
      key: "destinations",
      flag: "--destination",
      variable: "STOMPBOX_DESTINATIONS",
      fallback: [],
    });
  });

  test("names derive from the schema", () => {
    const option = OPTIONS.find(({ name }) => name === "limits.heartBeatMinMs");
    expect(option).toMatchObject({
      key: "limits.heart-beat-min-ms",
      flag: "--limits.heart-beat-min-ms",
      variable: "STOMPBOX_LIMITS_HEART_BEAT_MIN_MS",
      table: "limits",
      unit: "ms",
      fallback: 100,
    });
  });
});

describe("the default configuration", () => {
  test("is valid and without contradictions", () => {
    expect(contradictions(defaultConfig())).toEqual([]);
    expect(configSchema.parse({})).toStrictEqual(defaultConfig());
    expect(configSchema.parse(defaultConfig())).toEqual(defaultConfig());
  });

  test("holds the limits of a session", () => {
    const { limits: own, unprefixed } = defaultConfig();
    const limits: SessionLimits = { ...own, unprefixed };
    expect(limits).toMatchObject({ frameBytesMax: 4_194_304, slowConsumer: "disconnect" });
  });

  test("takes overrides at both levels and keeps the rest", () => {
    const config = defaultConfig({ quiet: true, limits: { headersMax: 2 } });
    expect(config).toEqual({
      ...defaultConfig(),
      quiet: true,
      limits: { ...defaultConfig().limits, headersMax: 2 },
    });
  });

  test("is a fresh one each time", () => {
    defaultConfig().webSocketPaths.push("/more");
    expect(defaultConfig().webSocketPaths).not.toContain("/more");
  });
});

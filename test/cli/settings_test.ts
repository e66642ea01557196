import { describe, expect, test } from "bun:test";
import { settingsText } from "../../src/cli/check.ts";
import { CLIENT_VARIABLES } from "../../src/cli/client_variables.ts";
import { parseArguments } from "../../src/cli/parse_arguments.ts";
import { loadSettings, type Settings } from "../../src/cli/settings.ts";
import { defaultConfig, OPTIONS } from "../../src/config.ts";
import { fakeTerminal } from "./fake_terminal.ts";

interface World {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function load({ argv = [], env, files }: World) {
  const terminal = fakeTerminal({
    folders: ["public"],
    ...(env === undefined ? {} : { env }),
    ...(files === undefined ? {} : { files }),
  });
  return loadSettings(parseArguments(argv), terminal);
}

function settingsOf(world: World): Settings {
  const result = load(world);
  if ("mistakes" in result) throw new Error(result.mistakes.join("\n"));
  return result.settings;
}

function mistakesOf(world: World): readonly string[] {
  const result = load(world);
  return "mistakes" in result ? result.mistakes : [];
}

test("a list where one value is expected is a mistake, whatever is in it", () => {
  const files = {
    "stompbox.json": '{"log":["info"],"watch":[true],"listen":["ws://localhost:1"]}',
  };
  expect(mistakesOf({ argv: ["--config", "stompbox.json"], files })).toEqual([
    'Cannot use ["info"] as log in stompbox.json: expected debug | info | warn | error',
    "Cannot use [true] as watch in stompbox.json: expected true or false",
  ]);
});

test("the variables of other commands are none of the broker's, and no mistake", () => {
  const env = Object.fromEntries([...CLIENT_VARIABLES].map((name) => [name, "x"]));
  expect(settingsOf({ env: { ...env, STOMPBOX_LOG: "warn" } }).config.log).toBe("warn");
  expect(mistakesOf({ env: { STOMPBOX_URLS: "x" } })).toHaveLength(1);
});

describe("precedence", () => {
  const file = { "a.toml": 'log = "error"' };
  const table = [
    ["default", "info", {}],
    ["file", "error", { argv: ["--config", "a.toml"], files: file }],
    [
      "environment",
      "warn",
      { argv: ["--config", "a.toml"], files: file, env: { STOMPBOX_LOG: "warn" } },
    ],
    [
      "flag",
      "debug",
      {
        argv: ["--config", "a.toml", "--log", "debug"],
        files: file,
        env: { STOMPBOX_LOG: "warn" },
      },
    ],
    ["flag", "debug", { argv: ["--log=debug"], env: { STOMPBOX_LOG: "warn" } }],
    ["environment", "warn", { env: { STOMPBOX_LOG: "warn" } }],
  ] as const;
  test.each(table)("%s gives %s", (from, value, world) => {
    const { config, origins } = settingsOf(world);
    expect(config.log).toBe(value);
    expect(origins.get("log")?.from ?? "default").toBe(from);
  });

  test("is settled for every option by itself, in tables too", () => {
    const { config } = settingsOf({
      argv: ["--config", "a.toml", "--limits.headers-max", "11"],
      files: { "a.toml": "[limits]\nheaders-max = 9\nsubscriptions-max = 9\ntransactions-max = 9" },
      env: { STOMPBOX_LIMITS_HEADERS_MAX: "10", STOMPBOX_LIMITS_SUBSCRIPTIONS_MAX: "10" },
    });
    expect(config.limits).toEqual({
      ...defaultConfig().limits,
      headersMax: 11,
      subscriptionsMax: 10,
      transactionsMax: 9,
    });
  });

  test("--config goes before STOMPBOX_CONFIG", () => {
    const files = { "a.toml": "max-deliveries = 1", "b.json": '{"max-deliveries":2}' };
    const env = { STOMPBOX_CONFIG: "b.json" };
    expect(settingsOf({ files, env }).config.maxDeliveries).toBe(2);
    expect(settingsOf({ files, env, argv: ["--config=a.toml"] }).config.maxDeliveries).toBe(1);
  });

  test("a switch is turned off again by its negation", () => {
    const env = { STOMPBOX_QUIET: "yes" };
    expect(settingsOf({ env }).config.quiet).toBe(true);
    expect(settingsOf({ env, argv: ["--no-quiet"] }).config.quiet).toBe(false);
    expect(settingsOf({ env, argv: ["--quiet=off"] }).config.quiet).toBe(false);
  });

  test("a later source replaces a list, a repeated flag adds to it", () => {
    const env = { STOMPBOX_ALLOW_ORIGIN: "https://a.example, https://b.example" };
    expect(settingsOf({ env }).config.allowOrigin).toHaveLength(2);
    const argv = ["--allow-origin", "https://c.example", "--allow-origin=https://d.example"];
    expect(settingsOf({ env, argv }).config.allowOrigin).toEqual([
      "https://c.example",
      "https://d.example",
    ]);
  });
});

describe("every option", () => {
  const samples: Readonly<Record<string, string>> = {
    listen: "ws://127.0.0.1:0",
    allowAnonymous: "true",
    allowOrigin: "https://a.example",
    strictOrigin: "true",
    webSocketPaths: "/live",
    static: "public",
    singlePage: "true",
    portsFile: "ports.json",
    log: "debug",
    quiet: "true",
    queueOverflow: "drop-oldest",
    unprefixed: "topic",
    deadLetterExpired: "true",
    destinations: "/queue/a max-deliveries=3",
    "limits.slowConsumer": "drop-newest",
  };
  test.each(OPTIONS.map((option) => [option.key, option] as const))(
    "%s is a flag, a variable and a key",
    (_key, option) => {
      const text = samples[option.name] ?? String(Number(option.fallback) + 1);
      const needed = option.name === "singlePage" ? ["--static", "public"] : [];
      const rules = option.kind === "rules";
      const expected = rules
        ? [{ match: "/queue/a", maxDeliveries: 3 }]
        : option.schema.parse(text);
      const sources: readonly World[] = [
        { argv: [`${option.flag}=${text}`, ...needed] },
        { argv: needed, env: { [option.variable]: text } },
        {
          argv: ["--config", "a.json", ...needed],
          files: { "a.json": JSON.stringify({ [option.key]: rules ? text : expected }) },
        },
      ];
      for (const world of sources) {
        const { config, origins } = settingsOf(world);
        const holder: Readonly<Record<string, unknown>> =
          option.table === undefined ? config : config[option.table];
        expect(holder[option.name.replace(/^limits\./, "")]).toEqual(expected);
        expect(origins.has(option.name)).toBe(true);
      }
    },
  );
});

describe("files", () => {
  const same = [
    ["a.toml", 'listen = ["ws://localhost:0"]\nquiet = true\n[limits]\nframe-bytes-max = "8MiB"'],
    ["a.yaml", "listen: [ws://localhost:0]\nquiet: yes\nlimits:\n  frame-bytes-max: 8MiB"],
    ["a.YML", "listen: ws://localhost:0\nquiet: true\nlimits: {frame-bytes-max: 8388608}"],
    ["a.json", '{"listen":["ws://localhost:0"],"quiet":true,"limits.frame-bytes-max":"8MiB"}'],
    [
      "a.json",
      '\ufeff{"listen":"ws://localhost:0","quiet":true,"limits":{"frame-bytes-max":8388608}}',
    ],
  ] as const;
  test.each(same)("%s is read by its extension", (name, text) => {
    const { config } = settingsOf({ argv: ["--config", name], files: { [name]: text } });
    const limits = { frameBytesMax: 8 * 1024 ** 2 };
    expect(config).toEqual(defaultConfig({ listen: ["ws://localhost:0"], quiet: true, limits }));
  });

  const empty = [
    ["a.toml", ""],
    ["a.yaml", ""],
    ["a.yaml", "---\n# nothing yet\n\n...\n"],
    ["a.json", "{}"],
  ] as const;
  test.each(empty)("%s holding %p changes nothing", (name, text) => {
    const { config } = settingsOf({ argv: ["--config", name], files: { [name]: text } });
    expect(config).toEqual(defaultConfig());
  });

  const broken = [
    ["a.toml", "a = ", 'Cannot read "a.toml": TOML'],
    ["a.yaml", "a: [1\nb: }", 'Cannot read "a.yaml": YAML'],
    ["a.json", "{", 'Cannot read "a.json": JSON'],
    ["a.toml", "quiet = true\na = \n", 'Cannot read "a.toml": TOML Parse error: Missing value'],
    ["a.json", "null", 'Cannot read "a.json": expected keys and values, found null'],
    ["a.yaml", "null", 'Cannot read "a.yaml": expected keys and values, found null'],
    ["a.yaml", "~ # nothing", 'Cannot read "a.yaml": expected keys and values, found null'],
    ["a.json", '{"__proto__":1}', 'Unknown key "__proto__" in a.json'],
    ["a.json", '{"limits":{"__proto__":1}}', 'Unknown key "limits.__proto__" in a.json'],
    ["a.json", '{"limits":{"constructor":1}}', 'Unknown key "limits.constructor" in a.json'],
    ["a.json", "[1]", 'Cannot read "a.json": expected keys and values, found [1]'],
    ["a.yaml", "just words", 'Cannot read "a.yaml": expected keys and values'],
    ["a.ini", "", 'Cannot read "a.ini": expected a file that ends in .toml'],
    ["a.json", '{"limits":3}', "Cannot use 3 as limits in a.json: expected keys and values"],
  ] as const;
  test.each(broken)("%s holding %p is a mistake that names it", (name, text, sentence) => {
    const [mistake, ...more] = mistakesOf({ argv: ["--config", name], files: { [name]: text } });
    expect(mistake).toStartWith(sentence);
    expect(more).toEqual([]);
  });

  const places = [
    ["a.toml", 'quiet = true\nlog = "info"\nlisten = \n', ", in line 3 or below"],
    ["a.yaml", "quiet: yes\nlisten: [a\nlog: }", ", in line 2 or below"],
    ["a.toml", "a = ", ""],
    ["a.json", '{\n"a":}', ""],
  ] as const;
  test.each(places)("%s holding %p tells the place as far as it is known", (name, text, place) => {
    const [mistake = ""] = mistakesOf({ argv: ["--config", name], files: { [name]: text } });
    expect(/(?:, in line \d+ or below)?$/.exec(mistake)?.[0]).toBe(place);
  });

  test("a missing file is a mistake that names it", () => {
    expect(mistakesOf({ argv: ["--config", "gone.toml"] })).toEqual([
      'Cannot read "gone.toml": there is no such file',
    ]);
  });
});

describe("rules for some destinations", () => {
  const expected = [
    { match: "/queue/orders.>", maxDeliveries: 3, redeliveryDelayMs: 1000 },
    { match: "/topic/prices.*", bytesMax: 4 * 1024 ** 2, deadLetterExpired: true },
  ];
  const words = [
    "/queue/orders.>  max-deliveries=3 redelivery-delay=1s",
    "/topic/prices.* queue-bytes-max=4MiB dead-letter-expired=yes",
  ] as const;
  const toml = `
    [[destinations]]
    match = "/queue/orders.>"
    max-deliveries = 3
    redelivery-delay = "1s"
    [[destinations]]
    match = "/topic/prices.*"
    queue-bytes-max = "4MiB"
    dead-letter-expired = true
  `;
  const yaml = `
destinations:
  - match: /queue/orders.>
    max-deliveries: 3
    redelivery-delay: 1s
  - match: "/topic/prices.*"
    queue-bytes-max: 4MiB
    dead-letter-expired: yes
`;
  const json = JSON.stringify({
    destinations: [
      { match: "/queue/orders.>", "max-deliveries": 3, "redelivery-delay": 1000 },
      words[1],
    ],
  });
  const sources = [
    ["flags", { argv: ["--destination", words[0], `--destination=${words[1]}`] }],
    ["a variable, a line each", { env: { STOMPBOX_DESTINATIONS: `\n${words.join("\n")}\n` } }],
    ["a variable, with semicolons", { env: { STOMPBOX_DESTINATIONS: words.join("; ") } }],
    ["a TOML file", { argv: ["--config", "a.toml"], files: { "a.toml": toml } }],
    ["a YAML file", { argv: ["--config", "a.yaml"], files: { "a.yaml": yaml } }],
    ["a JSON file", { argv: ["--config", "a.json"], files: { "a.json": json } }],
  ] as const;
  test.each(sources)("come from %s", (_where, world) => {
    expect(settingsOf(world).config.destinations).toEqual(expected);
  });

  test("a table alone is a list of one", () => {
    const files = { "a.toml": '[destinations]\nmatch = "/queue/a"\nmax-deliveries = 1' };
    const { config } = settingsOf({ argv: ["--config", "a.toml"], files });
    expect(config.destinations).toEqual([{ match: "/queue/a", maxDeliveries: 1 }]);
  });

  test("of a later source replace those of an earlier one", () => {
    const { config, origins } = settingsOf({
      argv: ["--config", "a.toml"],
      files: { "a.toml": toml },
      env: { STOMPBOX_DESTINATIONS: "/queue/a max-deliveries=1" },
    });
    expect(config.destinations).toEqual([{ match: "/queue/a", maxDeliveries: 1 }]);
    expect(origins.get("destinations")?.from).toBe("environment");
  });

  const mistakes = [
    [
      "/queue/a max-deliverys=3",
      'Unknown key "max-deliverys" of "/queue/a": did you mean max-deliveries?',
    ],
    [
      "/queue/a redelivery-delay-ms=3",
      'Unknown key "redelivery-delay-ms" of "/queue/a": did you mean redelivery-delay?',
    ],
    [
      "/queue/a queue-overflow=reject",
      'Unknown key "queue-overflow" of "/queue/a": did you mean overflow?',
    ],
    ["/queue/a zzz=3", 'Unknown key "zzz" of "/queue/a": expected one of match, max-deliveries,'],
    [
      "/queue/a max-deliveries=0",
      'Cannot use "0" as max-deliveries of "/queue/a": expected a whole number from 1 to 1000000',
    ],
    [
      "/queue/a overflow=drop",
      'Cannot use "drop" as overflow of "/queue/a": expected reject | drop-oldest',
    ],
    [
      "/queue/a overflow=reject max-deliveries",
      'Cannot use "max-deliveries" in "/queue/a overflow=reject max-deliveries": expected KEY=VALUE',
    ],
    ["/queue/a", 'Cannot use a rule for "/queue/a" that says nothing: expected any of'],
    ["/queue/a* max-deliveries=3", 'Cannot match "/queue/a*": segment "a*", a wildcard must be'],
    ["a max-deliveries=3", 'Cannot match "a": unknown prefix, expected /queue/, /topic/'],
  ] as const;
  test.each(mistakes)("%p is one mistake that names its place", (text, sentence) => {
    const found = mistakesOf({ argv: ["--destination", text] });
    expect(found).toHaveLength(1);
    expect(found[0]).toStartWith(sentence);
    expect(found[0]).toEndWith("(--destination)");
  });

  test("have all their mistakes told at once", () => {
    const files = {
      "a.json": JSON.stringify({
        "max-deliveries": 0,
        destinations: [
          7,
          { "max-deliveries": 3 },
          { match: 3, overflow: "reject" },
          { match: "/queue/a", "max-deliveries": null, overflw: "reject" },
          { match: "queue/b", overflow: "reject" },
          { match: "/queue/c", "redelivery-delay": "2s", "redelivery-delay-max": "1s" },
        ],
      }),
    };
    expect([...mistakesOf({ argv: ["--config", "a.json"], files })].sort()).toEqual(
      [
        "Cannot use 0 as max-deliveries in a.json: expected a whole number from 1 to 1000000",
        'Cannot use 7 as a rule: expected a pattern and what differs for it, such as "/queue/orders.> max-deliveries=3" (destinations in a.json)',
        'Cannot use a rule without match: expected a path such as "/queue/orders.>" (destinations in a.json)',
        'Cannot use 3 as match of a rule: expected a path such as "/queue/orders.>" (destinations in a.json)',
        'Cannot use null as max-deliveries of "/queue/a": expected a whole number from 1 to 1000000 (destinations in a.json)',
        'Unknown key "overflw" of "/queue/a": did you mean overflow? (destinations in a.json)',
        'Cannot match "queue/b": unknown prefix, expected /queue/, /topic/, /temp-queue/, /temp-topic/ (destinations in a.json)',
        'Cannot keep messages of "/queue/c" back: redelivery-delay 2000 is above redelivery-delay-max 1000',
      ].sort(),
    );
  });

  test("unknown names near them are recognised", () => {
    expect(mistakesOf({ argv: ["--destinations", "/queue/a max-deliveries=3"] })).toEqual([
      'Unknown option "--destinations": did you mean --destination?',
    ]);
    expect(mistakesOf({ env: { STOMPBOX_DESTINATION: "/queue/a max-deliveries=3" } })).toEqual([
      'Unknown variable "STOMPBOX_DESTINATION": did you mean STOMPBOX_DESTINATIONS?',
    ]);
  });

  test("are shown by check with their origin, and read back", () => {
    const settings = settingsOf({
      argv: ["--destination", words[0], "--destination", words[1]],
    });
    const text = settingsText(settings);
    expect(text).toEndWith(
      [
        "",
        "[[destinations]]  # flag --destination",
        'match = "/queue/orders.>"',
        "max-deliveries = 3",
        "redelivery-delay = 1000  # 1s",
        "",
        "[[destinations]]  # flag --destination",
        'match = "/topic/prices.*"',
        "dead-letter-expired = true",
        "queue-bytes-max = 4194304  # 4MiB",
        "",
      ].join("\n"),
    );
    const again = settingsOf({ argv: ["--config", "b.toml"], files: { "b.toml": text } });
    expect(again.config.destinations).toEqual(expected);
  });

  test("are shown as an empty list where there are none", () => {
    expect(settingsText(settingsOf({}))).toContain("destinations = []  # default\n");
  });
});

describe("mistakes", () => {
  test("are all told at once, with place, value seen, what is allowed and what was meant", () => {
    const text = `
      listen = ["ws://0.0.0.0:1", "wss://x:3"]
      frame-bytes-max = 3
      allowAnonymous = true
      zzz = 1
      [limits]
      frame-bytes-max = "5 bananas"
      header-max = 3
    `;
    const mistakes = mistakesOf({
      argv: ["--config", "a.toml", "--lisen", "ws://localhost:1", "--log", "loud", "--static=gone"],
      files: { "a.toml": text },
      env: { STOMPBOX_QUIETT: "1", STOMPBOX_MAX_DELIVERIES: "0" },
    });
    expect([...mistakes].sort()).toEqual(
      [
        'Unknown option "--lisen": did you mean --listen?',
        'Unknown variable "STOMPBOX_QUIETT": did you mean STOMPBOX_QUIET?',
        'Unknown key "frame-bytes-max" in a.toml: did you mean limits.frame-bytes-max?',
        'Unknown key "allowAnonymous" in a.toml: did you mean allow-anonymous?',
        'Unknown key "zzz" in a.toml: see stompbox help options',
        'Unknown key "limits.header-max" in a.toml: did you mean limits.headers-max?',
        'Cannot listen on "wss://x:3": TLS comes from a proxy in front for now, use ws://HOST:PORT behind it (listen in a.toml)',
        'Cannot listen on "ws://0.0.0.0:1" without --allow-anonymous: the address is not loopback, and whoever reaches it may log in',
        'Cannot use "5 bananas" as limits.frame-bytes-max in a.toml: expected 1KiB to 256MiB, in bytes or with KiB, MiB, GiB',
        'Cannot use "0" as STOMPBOX_MAX_DELIVERIES: expected a whole number from 1 to 1000000',
        'Cannot use "loud" as --log: expected debug | info | warn | error',
        'Cannot serve "gone" as static: expected a folder',
      ].sort(),
    );
  });

  test("are told of a value that another one overrides, too", () => {
    const world = { argv: ["--log=debug"], env: { STOMPBOX_LOG: "loud" } };
    expect(mistakesOf(world)).toEqual([
      'Cannot use "loud" as STOMPBOX_LOG: expected debug | info | warn | error',
    ]);
  });

  test("do not follow from one another", () => {
    const argv = ["--listen", "ws://0.0.0.0:1", "--allow-anonymous=perhaps"];
    expect(mistakesOf({ argv })).toEqual([
      'Cannot use "perhaps" as --allow-anonymous: expected true or false',
    ]);
  });

  const flags = [
    [["--ports-file"], "Cannot use --ports-file without a value: expected --ports-file FILE"],
    [["--listen", "--quiet"], "Cannot use --listen without a value: expected --listen URI"],
    [["--config"], "Cannot use --config without a value: expected --config FILE"],
    [["--frame-bytes-max", "1KiB"], "did you mean --limits.frame-bytes-max?"],
    [["--anonymous"], "did you mean --allow-anonymous?"],
    [["--allow_anonymous"], "did you mean --allow-anonymous?"],
    [["-x"], 'Unknown option "-x": see stompbox help options'],
    [["--listen="], 'Cannot listen on "": expected ws://HOST:PORT/PREFIX'],
  ] as const;
  test.each(flags)("%p is one mistake", (argv, sentence) => {
    const mistakes = mistakesOf({ argv });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(sentence);
  });

  test("do not come from variables that container platforms set for a service of this name", () => {
    const env = {
      STOMPBOX_PORT: "tcp://10.0.0.1:61614",
      STOMPBOX_PORT_61614_TCP: "tcp://10.0.0.1:61614",
      STOMPBOX_PORT_61614_TCP_ADDR: "10.0.0.1",
      STOMPBOX_SERVICE_HOST: "10.0.0.1",
      STOMPBOX_SERVICE_PORT_HTTP: "61614",
      STOMPBOX_LOG: "",
      PATH: "/bin",
    };
    expect(settingsOf({ env }).config).toEqual(defaultConfig());
  });
});

describe("a listener", () => {
  const same = [
    ["http://localhost:8080", "ws://localhost:8080"],
    ["HTTP://localhost:0/box", "ws://localhost:0/box"],
    ["tcp://localhost:0", "tcp://localhost:0"],
  ] as const;
  test.each(same)("%s is %s, wherever it is given", (written, meant) => {
    const worlds: readonly World[] = [
      { argv: ["--listen", written] },
      { env: { STOMPBOX_LISTEN: written } },
      { argv: ["--config", "a.json"], files: { "a.json": JSON.stringify({ listen: written }) } },
      { argv: ["--config", "a.json"], files: { "a.json": JSON.stringify({ listen: [written] }) } },
    ];
    for (const world of worlds) expect(settingsOf(world).config.listen).toEqual([meant]);
  });

  test("that ought to be TLS is still told so", () => {
    expect(mistakesOf({ argv: ["--listen", "https://localhost:1"] })[0]).toContain(
      "TLS comes from a proxy",
    );
  });
});

describe("the ports file", () => {
  const table = [
    ["ports.json", []],
    ["public/ports.json", []],
    [
      "gone/ports.json",
      ['Cannot write "gone/ports.json" as ports-file: there is no folder "gone"'],
    ],
  ] as const;
  test.each(table)("at %s needs its folder", (path, mistakes) => {
    expect(mistakesOf({ argv: ["--ports-file", path] })).toEqual([...mistakes]);
  });
});

describe("the configuration as check prints it", () => {
  const world = {
    argv: ["--config", "a.toml", "--limits.frame-bytes-max", "8MiB", "--static=public"],
    files: { "a.toml": "max-deliveries = 3" },
    env: { STOMPBOX_LOG: "warn" },
  };

  test("names the origin of each value", () => {
    const text = settingsText(settingsOf(world));
    expect(text.split("\n")).toEqual(
      expect.arrayContaining([
        'listen = ["ws://localhost:61614","tcp://localhost:61613"]  # default',
        "# ports-file is not set",
        'static = "public"  # flag --static',
        'log = "warn"  # environment STOMPBOX_LOG',
        'max-deliveries = 3  # file "a.toml"',
        "[limits]",
        "frame-bytes-max = 8388608  # 8MiB, flag --limits.frame-bytes-max",
        "login-timeout-ms = 10000  # 10s, default",
      ]),
    );
  });

  test("is a file that gives the same configuration", () => {
    const { config } = settingsOf(world);
    const files = { "b.toml": settingsText(settingsOf(world)) };
    const again = settingsOf({ argv: ["--config", "b.toml"], files }).config;
    expect({ ...again, listen: [] }).toEqual({ ...config, listen: [] });
  });
});

describe("a file that is large beyond reason is told of in few words, at once:", () => {
  const many = (count: number, line: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => line(at)).join("\n");
  const tomlFull = `Cannot read "a.toml": too many keys, tables or parts of them: expected at most 16384 of "=", "[" and "."`;
  const table: readonly (readonly [string, string, string, number, string])[] = [
    ["keys in TOML", "a.toml", many(20_000, (at) => `${at}=1`), 1, tomlFull],
    ["tables in TOML", "a.toml", many(20_000, (at) => `[${at}]`), 1, tomlFull],
    ["parts of a key in TOML", "a.toml", `${"a.".repeat(200_000)}a=1`, 1, tomlFull],
    [
      "unknown keys",
      "a.yaml",
      many(50_000, (at) => `k${at}: 1`),
      51,
      "Unknown keys in a.yaml: 49950 more of them",
    ],
    [
      "wrong values",
      "a.json",
      JSON.stringify({ "allow-origin": many(5_000, String).split("\n") }),
      101,
      "And 4900 more mistakes",
    ],
    [
      "beginnings that cannot be parsed, of which none is looked for any more",
      "a.yaml",
      many(999, (at) => (at === 500 ? "= : [" : `k${at}: [${"x,".repeat(500)}]`)),
      1,
      'Cannot read "a.yaml": YAML Parse error: Unexpected token',
    ],
  ];
  test.each(table)("%s", (_what, name, text, told, last) => {
    const mistakes = mistakesOf({ argv: ["--config", name], files: { [name]: text } });
    expect({ told: mistakes.length, last: mistakes.at(-1) }).toEqual({ told, last });
  });
});

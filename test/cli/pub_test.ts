import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { messageHeader } from "../../src/client/received_message.ts";
import { type ManualRuntime, manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";
import { startScriptedBroker } from "../client/scripted_broker.ts";
import { makeCertificate, NO_TLS_FRONT, startTlsFront } from "../client/tls_front.ts";
import { type BrokerCli, type RunOptions, startBrokerCli } from "./broker_cli.ts";

// Side by side with others on a machine of few cores.
setDefaultTimeout(20_000);

const world: { cli?: BrokerCli } = {};
beforeAll(async () => {
  world.cli = await startBrokerCli();
});
afterAll(async () => {
  await world.cli?.stop();
});

function cli(): BrokerCli {
  if (world.cli === undefined) throw new Error("No broker");
  return world.cli;
}

let names = 0;
const fresh = (): string => `/queue/pub-${++names}`;

/** The bodies that a command line sends, in order. */
async function bodiesOf(
  argv: readonly string[],
  options: RunOptions & { readonly expect: number },
): Promise<unknown[]> {
  const destination = fresh();
  const next = await cli().listen(destination);
  const outcome = await cli().run(["pub", destination, ...argv], options);
  expect(outcome).toEqual({ code: 0, out: "", err: "" });
  const bodies: unknown[] = [];
  for (let at = 0; at < options.expect; at++) bodies.push((await next()).body);
  return bodies;
}

/** How many messages wait in a queue. */
async function waitingIn(destination: string): Promise<number> {
  const { out } = await cli().run(
    ["sub", destination, "-H", "browser:true", "--ack", "auto", "--format", "json"],
    { input: "" },
  );
  return out.split("\n").length - 1;
}

/** Lets virtual time pass until a promise settles. */
async function drive(runtime: ManualRuntime, settles: Promise<unknown>): Promise<void> {
  let settled = false;
  void settles.then(() => {
    settled = true;
  });
  await until("it has happened", () => {
    runtime.advance(5);
    return settled;
  });
}

describe.each(["ws", "tcp"] as const)("over %s pub sends", (carrier) => {
  const bytes = Uint8Array.of(0, 255, 10, 7);
  const table = [
    ["its operand", ["two teas"], { input: "not read" }, ["two teas"]],
    ["an empty operand", [""], {}, [""]],
    ["a file", ["--file", "a.txt"], { files: { "a.txt": "one\ntwo\n" } }, ["one\ntwo\n"]],
    ["a file of bytes", ["-f", "a.bin"], { files: { "a.bin": bytes } }, [bytes]],
    ["standard input", [], { input: "one\ntwo\n" }, ["one\ntwo\n"]],
    ["standard input for a hyphen", ["-"], { input: "typed", inputIsTerminal: true }, ["typed"]],
    ["every line", ["--lines"], { input: "one\n\nthree\nfour" }, ["one", "", "three", "four"]],
    ["every line of a file", ["-l", "-f", "a"], { files: { a: "one\ntwo\n" } }, ["one", "two"]],
    ["no line of nothing", ["-l"], { input: "" }, []],
    ["the same often", ["again", "-n", "3"], {}, ["again", "again", "again"]],
    ["what is no template as it is", ["{{count}}"], {}, ["{{count}}"]],
    ["a template filled in", ["no {{count}}", "--template", "-n2"], {}, ["no 1", "no 2"]],
    ["lines filled in", ["--template", "-l"], { input: "a{{count}}\nb{{count}}" }, ["a1", "b2"]],
    ["all in a transaction", ["-l", "--transaction"], { input: "one\ntwo" }, ["one", "two"]],
    ["each with a receipt", ["x", "-n", "600", "--receipt"], {}, Array(600).fill("x")],
  ] as const;
  test.each(table)("%s", async (_what, argv, options, bodies) => {
    const sent = await bodiesOf(argv, { ...options, carrier, expect: bodies.length });
    expect(sent).toEqual([...bodies]);
  });

  test("headers, filled in", async () => {
    const destination = fresh();
    const next = await cli().listen(destination);
    const argv = ["x", "-H", "kind: tea", "--header=n:{{count}}", "-Hempty:", "--template"];
    await cli().run(["pub", destination, ...argv, "--content-type", "text/plain", "--persistent"], {
      carrier,
    });
    const message = await next();
    const wanted = {
      kind: "tea",
      n: "1",
      empty: "",
      "content-type": "text/plain",
      persistent: "true",
    };
    for (const [name, value] of Object.entries(wanted)) {
      expect(messageHeader(message, name)).toBe(value);
    }
  });

  test("far more than fits into a pipe, and loses nothing", async () => {
    const destination = fresh();
    const input = Array.from({ length: 3000 }, (_, at) => `${at} ${"x".repeat(2000)}`).join("\n");
    const { code } = await cli().run(["pub", destination, "--lines"], { carrier, input });
    expect(code).toBe(0);
    const next = await cli().listen(destination);
    for (let at = 0; at < 3000; at++) {
      const { body } = await next();
      if (!String(body).startsWith(`${at} `)) throw new Error(`Not in order at ${at}`);
    }
  });
});

const tls = NO_TLS_FRONT === undefined ? test : test.skip;
const why = NO_TLS_FRONT === undefined ? "" : ` (skipped: ${NO_TLS_FRONT})`;

describe.each(["wss", "ssl"] as const)(`over %s${why}`, (scheme) => {
  const send = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { ws, tcp } = cli().broker;
    const front = startTlsFront(scheme === "wss" ? ws : tcp, makeCertificate("localhost"));
    const destination = fresh();
    const next = await cli().listen(destination);
    try {
      const url = `${scheme}://localhost:${front.port}`;
      const outcome = await cli().run(["pub", destination, "x", "--url", url, ...argv], {
        files: { "ca.pem": front.certificate },
        env,
      });
      if (outcome.code === 0) expect((await next()).body).toBe("x");
      return outcome;
    } finally {
      front.stop();
    }
  };

  tls("pub trusts a certificate that is named, by flag or by variable, or any", async () => {
    expect(await send(["--ca", "ca.pem"])).toMatchObject({ code: 0, err: "" });
    expect(await send([], { STOMPBOX_CA: "ca.pem" })).toMatchObject({ code: 0, err: "" });
    expect(await send(["--insecure"])).toMatchObject({ code: 0, err: "" });
  });

  tls("pub does not trust one that nobody signed", async () => {
    const { code, err } = await send([]);
    expect(code).toBe(1);
    expect(err).toContain("name the signer's by --ca FILE, or do without by --insecure");
  });
});

describe("what pub cannot do is told before anything is sent:", () => {
  const table = [
    [
      [],
      { inputIsTerminal: true },
      "Cannot send without a body: expected BODY, --file FILE, or standard input",
    ],
    [["x", "--file", "a"], { files: { a: "" } }, "Cannot take the body from BODY and from --file"],
    [["--file", "gone"], {}, 'Cannot read "gone" as --file: there is no such file'],
    [["x", "--ca", "gone.pem"], {}, 'Cannot read "gone.pem" as --ca: there is no such file'],
    [
      ["x", "--ca", "not.pem"],
      { files: { "not.pem": "" } },
      'Cannot read "not.pem" as --ca: expected a certificate in PEM',
    ],
    [
      ["--lines", "-n", "2"],
      { input: "" },
      "Cannot use --count with --lines: every line is sent once",
    ],
    [["{{cuont}}", "--template"], {}, 'Unknown placeholder "{{cuont}}": did you mean count?'],
    [
      ["x", "-H", "a:{{random 6 1}}", "--template"],
      {},
      'Cannot use placeholder "{{random 6 1}}": expected {{random MIN MAX}}',
    ],
  ] as const;
  test.each(table)("%p", async (argv, options, sentence) => {
    const destination = fresh();
    const { code, out, err } = await cli().run(["pub", destination, ...argv], options);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
    expect(await waitingIn(destination)).toBe(0);
  });
});

describe("what goes wrong on the way:", () => {
  test("a refusal of the broker, with where to read on", async () => {
    for (const carrier of ["ws", "tcp"] as const) {
      const { code, out, err } = await cli().run(["pub", "nowhere", "x"], { carrier });
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toContain(
        'The broker refused: Bad destination: Cannot use destination "nowhere"',
      );
      expect(err).toContain("stompbox explain bad-destination says more");
    }
  });

  test("a virtual host that the broker does not have, with the cure", async () => {
    const broker = startScriptedBroker((_frame, peer) => {
      peer.write("ERROR\nmessage:Bad CONNECT\n\nVirtual host 'mq.example' access denied\n^@");
      peer.end();
    });
    try {
      const { code, err } = await cli().run(["pub", "/queue/a", "x", "--url", broker.url]);
      expect(code).toBe(1);
      expect(err).toBe(
        "stompbox: The broker refused: Bad CONNECT: Virtual host 'mq.example' access denied\n" +
          "  name the virtual host by --host; of RabbitMQ it is --host / unless it was set up otherwise\n",
      );
    } finally {
      broker.stop();
    }
  });

  test("a refusal in the middle of many", async () => {
    const small = await startBrokerCli({ limits: { queueMessagesMax: 10 } });
    try {
      for (const more of [[], ["--receipt"], ["--transaction"]]) {
        const { code, err } = await small.run(["pub", "/queue/a", "x", "-n", "1000", ...more]);
        expect(code).toBe(1);
        expect(err).toContain("The broker refused: Queue full");
      }
    } finally {
      await small.stop();
    }
  });

  test("a bad template in a line: what was sent is told, a transaction sends nothing", async () => {
    const input = "one\n{{tow}}\nthree\n";
    for (const [more, told, left] of [
      [[], "Sent 1 message", 1],
      [["--transaction"], "Sent nothing", 0],
    ] as const) {
      const destination = fresh();
      const { code, err } = await cli().run(
        ["pub", destination, "--lines", "--template", ...more],
        { input },
      );
      expect(code).toBe(1);
      expect(err).toContain('Unknown placeholder "{{tow}}"');
      expect(err).toContain(told);
      expect(await waitingIn(destination)).toBe(left);
    }
  });

  test("a broker that is not there", async () => {
    const env = { STOMPBOX_URL: "tcp://127.0.0.1:1" };
    const { code, err } = await cli().run(["pub", "/queue/a", "x"], { env });
    expect(code).toBe(1);
    expect(err).toBe(
      "stompbox: Cannot connect to tcp://127.0.0.1:1: nothing listens on port 1 there; is the broker running?\n",
    );
  });

  test("a broker that stops while input is awaited", async () => {
    const other = await startBrokerCli();
    const next = await other.listen("/queue/a");
    const command = other.start(["pub", "/queue/a", "--lines"], { inputIsTerminal: false });
    command.type("one\n");
    await next();
    await other.stop();
    expect(await command.done).toBe(1);
    expect(command.written.err).toContain("shutting-down");
  });
});

describe("a broker that never confirms", () => {
  const ways: readonly (readonly [string, readonly string[], string])[] = [
    ["goodbye", [], "1 message"],
    ["one message", ["--receipt"], "1 message"],
    ["more than may be without a receipt", ["--receipt", "-n", "1000"], "256 messages"],
    ["transaction", ["--transaction", "-n", "3"], "3 messages"],
  ];
  test.each(ways)("is not waited for without an end: %s", async (_what, more, sent) => {
    const broker = startScriptedBroker((frame, peer) => {
      if (frame.command === "CONNECT") peer.write("CONNECTED\nversion:1.2\n\n^@");
    });
    const runtime = manualRuntime(1);
    try {
      const command = cli().start(["pub", "/queue/a", "x", "--url", broker.url, ...more], {
        runtime,
      });
      const start = runtime.now();
      await until("it sends", () => {
        runtime.pump();
        return broker.frames.some(({ command }) => command === "SEND");
      });
      let ended = false;
      void command.done.then(() => {
        ended = true;
      });
      await until("it gives up", () => {
        runtime.advance(100);
        return ended;
      });
      expect(await command.done).toBe(1);
      const what = `Sent ${sent}, which are not all confirmed: the broker has said nothing for 30 s`;
      expect(command.written.err).toBe(`stompbox: ${what}\n`);
      expect(runtime.now() - start).toBeGreaterThanOrEqual(30_000);
      expect(command.listening()).toBe(0);
    } finally {
      broker.stop();
    }
  });

  test("may say nothing as long as it is the input that is awaited", async () => {
    const broker = startScriptedBroker((frame, peer) => {
      if (frame.command === "CONNECT") peer.write("CONNECTED\nversion:1.2\n\n^@");
      const receipt = frame.headers[frame.headers.indexOf("receipt") + 1] ?? "";
      if (frame.command === "DISCONNECT") peer.write(`RECEIPT\nreceipt-id:${receipt}\n\n^@`);
    });
    const runtime = manualRuntime(1);
    try {
      const command = cli().start(["pub", "/queue/a", "--lines", "--url", broker.url], {
        inputIsTerminal: false,
        runtime,
      });
      command.type("one\n");
      await until("it sends", () => {
        runtime.pump();
        return broker.frames.some(({ command }) => command === "SEND");
      });
      for (let seconds = 0; seconds < 60; seconds++) runtime.advance(1000);
      command.type("two\n");
      command.endInput();
      await drive(runtime, command.done);
      expect({ code: await command.done, err: command.written.err }).toEqual({ code: 0, err: "" });
    } finally {
      broker.stop();
    }
  });
});

describe("Ctrl-C", () => {
  test("ends pub in order, and tells how far it came", async () => {
    const destination = fresh();
    const next = await cli().listen(destination);
    const command = cli().start(["pub", destination, "--lines"], { inputIsTerminal: false });
    command.type("one\ntwo\n");
    await next();
    await next();
    command.signal();
    expect(await command.done).toBe(1);
    expect(command.written.err).toBe("stompbox: Stopped after 2 messages\n");
    expect(command.listening()).toBe(0);
  });

  test("undoes a transaction", async () => {
    const runtime = manualRuntime(1);
    const destination = fresh();
    const argv = ["pub", destination, "x", "--transaction", "-n", "1000", "--rate", "10"];
    const command = cli().start(argv, { isTerminal: true, runtime });
    await drive(runtime, command.tells("messages"));
    command.signal();
    await drive(runtime, command.done);
    expect(await command.done).toBe(1);
    expect(command.written.err).toEndWith("stompbox: Stopped and sent nothing\n");
    expect(await waitingIn(destination)).toBe(0);
  });

  test("ends it while it connects", async () => {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    const connected = Promise.withResolvers<void>();
    listener.reload({ socket: { data: () => connected.resolve() } });
    try {
      const command = cli().start(["pub", "/queue/a", "x"], {
        env: { STOMPBOX_URL: `tcp://127.0.0.1:${listener.port}` },
      });
      await connected.promise;
      command.signal();
      expect(await command.done).toBe(1);
      expect(command.written.err).toBe("");
    } finally {
      listener.stop(true);
    }
  });
});

describe("on a terminal pub", () => {
  test("tells at the end what it did", async () => {
    const { err, out } = await cli().run(["pub", fresh(), "x", "-n", "3"], { isTerminal: true });
    expect(err).toMatch(/^Sent 3 messages in \d+\.\d s\n$/);
    expect(out).toBe("");
  });

  test("shows how far it is when that takes longer than a second", async () => {
    const runtime = manualRuntime(1);
    const destination = fresh();
    const command = cli().start(["pub", destination, "x", "-n", "40", "--rate", "10"], {
      isTerminal: true,
      runtime,
    });
    await drive(runtime, command.done);
    const { err } = command.written;
    expect(err).toMatch(/\r\x1b\[KSent 1\d messages/);
    expect(err).not.toMatch(/\x1b\[KSent [0-9] messages/);
    expect(err).toMatch(/\r\x1b\[KSent 40 messages in \d+\.\d s\n$/);
  });
});

test("--rate spreads messages over time", async () => {
  const runtime = manualRuntime(1);
  const destination = fresh();
  const next = await cli().listen(destination);
  const start = runtime.now();
  const command = cli().start(
    ["pub", destination, "{{time}}", "--template", "-n", "5", "--rate", "2"],
    {
      runtime,
    },
  );
  await drive(runtime, command.done);
  const times: number[] = [];
  for (let at = 0; at < 5; at++) times.push(Number((await next()).body) - start);
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
  for (const gap of gaps) expect(gap).toBeWithin(490, 511);
});

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { systemRuntime } from "../../src/runtime.ts";
import { startScriptedBroker } from "../client/scripted_broker.ts";
import { manualRuntime } from "../support/manual_runtime.ts";
import { until } from "../support/until.ts";
import { type BrokerCli, type RunningCommand, startBrokerCli } from "./broker_cli.ts";

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
const fresh = (kind = "queue"): string => `/${kind}/sub-${++names}`;

async function send(
  destination: string,
  ...messages: (
    string | Uint8Array | { readonly headers: readonly string[]; readonly body: string }
  )[]
): Promise<void> {
  const client = await cli().client();
  for (const message of messages) {
    const parts =
      typeof message === "string" || message instanceof Uint8Array ? { body: message } : message;
    await client.sendConfirmed({ destination, ...parts });
  }
  await client.disconnect();
}

/** The bodies that are left in a queue. */
async function leftIn(destination: string): Promise<string[]> {
  const { out } = await cli().run([
    "sub",
    destination,
    "-H",
    "browser:true",
    "--ack",
    "auto",
    "--format",
    "raw",
  ]);
  return out.split("\n").slice(0, -1);
}

const lines = (out: string): unknown[] =>
  out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

/** Settles when a command has subscribed, which it says on a terminal. */
const subscribed = (command: RunningCommand): Promise<void> => command.tells("Ctrl-C ends");

describe.each(["ws", "tcp"] as const)("over %s sub", (carrier) => {
  test("shows so many messages, and leaves the others where they are", async () => {
    const destination = fresh();
    await send(destination, "one", "two", "three");
    const outcome = await cli().run(["sub", destination, "--count", "2", "--format", "raw"], {
      carrier,
    });
    expect(outcome).toEqual({ code: 0, out: "one\ntwo\n", err: "" });
    expect(await leftIn(destination)).toEqual(["three"]);
  });

  test("shows what comes until Ctrl-C", async () => {
    const destination = fresh("topic");
    const command = cli().start(["sub", destination, "--format", "raw"], {
      carrier,
      isTerminal: true,
    });
    await subscribed(command);
    await send(destination, "one");
    await command.shows("one\n");
    await send(destination, "two");
    await command.shows("two\n");
    command.signal();
    expect(await command.done).toBe(0);
    expect(command.written).toEqual({
      out: "one\ntwo\n",
      err: `Subscribed to ${destination}; Ctrl-C ends\n`,
    });
    expect(command.listening()).toBe(0);
  });

  test("says on a terminal that it has subscribed, for however short a time", async () => {
    const destination = fresh();
    const command = cli().start(["sub", destination, "--timeout", "1ms"], {
      carrier,
      isTerminal: true,
    });
    expect(await command.done).toBe(3);
    expect(command.written.err).toBe(`Subscribed to ${destination}; Ctrl-C ends\n`);
  });

  test("shows several destinations at once", async () => {
    const [left, right] = [fresh(), fresh()];
    await send(left, "left");
    await send(right, "right");
    const { out } = await cli().run(["sub", left, right, "-n", "2", "--format", "raw"], {
      carrier,
    });
    expect(out.trimEnd().split("\n").sort()).toEqual(["left", "right"]);
  });
});

describe("the form", () => {
  const message = {
    headers: ["kind", "tea\u001b[2J", "kind", "second", "__proto__", "x"],
    body: "two\tteas\nplease \u202egnp.exe\u001b[31m",
  };

  test("json is one object a line, bytes in base64", async () => {
    const destination = fresh();
    await send(destination, message, Uint8Array.of(0, 255), "");
    const { out } = await cli().run(["sub", destination, "-n", "3"]);
    const [first, second, third] = lines(out);
    expect(first).toMatchObject({
      destination,
      body: message.body,
      headers: { kind: "tea\u001b[2J" },
    });
    expect(Object.entries(Object(first).headers)).toContainEqual(["__proto__", "x"]);
    expect(second).toMatchObject({ bodyBase64: "AP8=" });
    expect(third).toMatchObject({ body: "" });
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });

  test("pretty is what a terminal gets, with nothing in it that acts on the terminal", async () => {
    const destination = fresh();
    await send(destination, message, Uint8Array.of(0, 255));
    const { out } = await cli().run(["sub", destination, "-n", "2"], { isTerminal: true });
    expect(out).toStartWith(`${destination}\n  subscription: `);
    expect(out).toContain("  kind: tea\\x1b[2J\n");
    expect(out).toContain("\n\ntwo\tteas\nplease \\u202egnp.exe\\x1b[31m\n\n");
    expect(out).toContain("(2 bytes that are no text) 00 ff\n");
    expect(out).not.toContain("\u001b");
  });

  test("pretty has colours where they are welcome", async () => {
    const destination = fresh();
    await send(destination, "x");
    const { out } = await cli().run(["sub", destination, "-n", "1"], {
      isTerminal: true,
      color: true,
    });
    expect(out).toStartWith(`\u001b[1m${destination}\u001b[0m\n`);
  });

  test("raw is the body and a line end, byte by byte", async () => {
    const destination = fresh();
    await send(destination, message, Uint8Array.of(0, 255, 10));
    const command = cli().start(["sub", destination, "-n", "2", "--format", "raw"]);
    await command.done;
    const expected = [Buffer.from(`${message.body}\n`), Buffer.from([0, 255, 10, 10])];
    expect(Buffer.from(command.outBytes())).toEqual(Buffer.concat(expected));
  });

  test.each(["-0", "--null --format raw"])("raw is ended by NUL for %s", async (words) => {
    const destination = fresh();
    await send(destination, "one\n", "two");
    const { out } = await cli().run(["sub", destination, "-n", "2", ...words.split(" ")]);
    expect(out).toBe("one\n\0two\0");
  });

  test.each(["pretty", "json", "raw"])("%s can do without bodies", async (format) => {
    const destination = fresh();
    await send(destination, { headers: ["kind", "tea"], body: "secret" });
    const { out } = await cli().run([
      ...["sub", destination, "-n", "1", "--headers-only", "--format", format],
    ]);
    expect(out).not.toContain("secret");
    expect(out).toContain("tea");
  });
});

describe("the time", () => {
  test("is over when nothing comes for so long: 3 where a number was asked for", async () => {
    const destination = fresh();
    await send(destination, "one");
    const argv = ["sub", destination, "--format", "raw", "--timeout", "50ms"];
    expect(await cli().run([...argv, "-n", "2"])).toEqual({ code: 3, out: "one\n", err: "" });
    expect(await leftIn(destination)).toEqual([]);
  });

  test("is over with 0 when what came is all that was asked for, 3 when nothing came", async () => {
    const destination = fresh();
    await send(destination, "one", "two");
    const argv = ["sub", destination, "--format", "raw", "--timeout", "50ms"];
    expect(await cli().run(argv)).toEqual({ code: 0, out: "one\ntwo\n", err: "" });
    expect(await cli().run(argv)).toEqual({ code: 3, out: "", err: "" });
  });

  test("begins anew with every message", async () => {
    const runtime = manualRuntime(1);
    const destination = fresh();
    const client = await cli().client();
    const command = cli().start(["sub", destination, "--format", "raw", "--timeout", "1s"], {
      runtime,
    });
    const pumping = (settles: () => boolean): Promise<void> =>
      until("it has happened", () => {
        runtime.pump();
        return settles();
      });
    for (const body of ["one", "two", "three"]) {
      client.send({ destination, body });
      await pumping(() => command.written.out.includes(body));
      runtime.advance(999);
    }
    let ended = false;
    void command.done.then(() => {
      ended = true;
    });
    runtime.advance(1);
    await pumping(() => ended);
    expect(await command.done).toBe(0);
    await client.disconnect();
  });
});

describe("acknowledgement", () => {
  test("takes messages once they are shown", async () => {
    for (const ack of ["client", "client-individual", "auto"]) {
      const destination = fresh();
      await send(destination, "one", "two");
      await cli().run(["sub", destination, "-n", "2", "--ack", ack]);
      expect(await leftIn(destination)).toEqual([]);
    }
  });

  test("does not take what nobody has read", async () => {
    const destination = fresh();
    await send(destination, "one", "two");
    let stuck = true;
    const command = cli().start(["sub", destination, "--format", "raw"], { stuck: () => stuck });
    await command.shows("one\n");
    command.leave();
    expect(await command.done).toBe(0);
    stuck = false;
    expect(await leftIn(destination)).toEqual(["one", "two"]);
  });

  test("does not take what could not be written", async () => {
    const destination = fresh();
    await send(destination, "one", "two");
    let stuck = true;
    const command = cli().start(["sub", destination, "-n", "2", "--format", "raw"], {
      stuck: () => stuck,
    });
    await command.shows("two\n");
    command.failOutput(Object.assign(new Error("no space"), { code: "ENOSPC" }));
    expect(await command.done).toBe(1);
    expect(command.written.err).toBe(
      "stompbox: Cannot write to standard output: there is no space left\n",
    );
    stuck = false;
    expect(await leftIn(destination)).toEqual(["one", "two"]);
  });

  test("is refused by --nack, up to the dead letters", async () => {
    const destination = fresh();
    await send(destination, "one");
    const argv = ["sub", destination, "--nack", "-n", "6", "--format", "raw"];
    expect((await cli().run(argv)).out).toBe("one\n".repeat(6));
    const dead = destination.replace("/queue/", "/queue/DLQ.");
    expect((await cli().run(["sub", dead, "-n", "1", "--format", "raw"])).out).toBe("one\n");
  });
});

describe("what sub asks of the broker:", () => {
  test("a selector", async () => {
    const destination = fresh();
    await send(
      destination,
      { headers: ["weight", "1"], body: "light" },
      { headers: ["weight", "9"], body: "heavy" },
    );
    const { out } = await cli().run([
      "sub",
      destination,
      "-n",
      "1",
      "-s",
      "weight > 5",
      "--format",
      "raw",
    ]);
    expect(out).toBe("heavy\n");
    expect(await leftIn(destination)).toEqual(["light"]);
  });

  test("a subscription that outlives it", async () => {
    const destination = fresh("topic");
    const argv = [
      "sub",
      destination,
      "--durable",
      "shop",
      "--client-id",
      "till",
      "--format",
      "raw",
    ];
    expect((await cli().run([...argv, "--timeout", "10ms"])).code).toBe(3);
    await send(destination, "one", "two");
    expect(await cli().run([...argv, "-n", "2"])).toMatchObject({ code: 0, out: "one\ntwo\n" });
  });

  test("a prefetch", async () => {
    const destination = fresh();
    await send(destination, "one", "two");
    const command = cli().start(["sub", destination, "--prefetch", "1", "--format", "raw"], {
      stuck: () => true,
    });
    await command.shows("one\n");
    // The other one goes to somebody else.
    expect((await cli().run(["sub", destination, "-n", "1", "--format", "raw"])).out).toBe("two\n");
    command.leave();
    await command.done;
  });

  test("any header: a look into a queue ends by itself", async () => {
    const destination = fresh();
    await send(destination, "one", "two");
    expect(await leftIn(destination)).toEqual(["one", "two"]);
    expect(await leftIn(destination)).toEqual(["one", "two"]);
  });
});

describe("what cannot be had:", () => {
  const table = [
    [["--nack", "--ack", "auto"], "Cannot use --nack with --ack auto"],
    [["--null", "--format", "json"], "Cannot use --null with --format json: expected --format raw"],
    [["--null", "--headers-only"], "Cannot use --null with --headers-only"],
  ] as const;
  test.each(table)("%p", async (argv, sentence) => {
    const { code, out, err } = await cli().run(["sub", "/queue/a", ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
  });
});

describe("what ends sub:", () => {
  test("Ctrl-C before it has what was asked for is a failure", async () => {
    const command = cli().start(["sub", fresh(), "-n", "3"], { isTerminal: true });
    await subscribed(command);
    command.signal();
    expect(await command.done).toBe(1);
  });

  test("a reader that goes is none", async () => {
    const destination = fresh("topic");
    const command = cli().start(["sub", destination], { isTerminal: true });
    await subscribed(command);
    command.leave();
    expect(await command.done).toBe(0);
  });

  test("a refusal of the broker is", async () => {
    for (const carrier of ["ws", "tcp"] as const) {
      const { code, out, err } = await cli().run(["sub", fresh(), "-s", "weight >"], { carrier });
      expect({ code, out }).toEqual({ code: 1, out: "" });
      expect(err).toContain("The broker refused: Bad selector: Cannot read selector at character");
      expect(err).toContain("stompbox explain bad-selector says more");
    }
  });

  test("a broker that stops is, on either carrier", async () => {
    for (const carrier of ["ws", "tcp"] as const) {
      const other = await startBrokerCli();
      const command = other.start(["sub", "/queue/a"], { carrier, isTerminal: true });
      await subscribed(command);
      await other.stop();
      expect(await command.done).toBe(1);
      expect(command.written.err).toContain("Shutting down");
    }
  });
});

test("a second Ctrl-C does not wait for a broker that does not answer", async () => {
  const broker = startScriptedBroker((frame, peer) => {
    if (frame.command === "CONNECT") peer.write("CONNECTED\nversion:1.2\n\n^@");
    const receipt = frame.headers[frame.headers.indexOf("receipt") + 1] ?? "";
    if (frame.command === "SUBSCRIBE") peer.write(`RECEIPT\nreceipt-id:${receipt}\n\n^@`);
  });
  const clock = { now: 0 };
  try {
    const command = cli().start(["sub", "/queue/a", "--url", broker.url], {
      isTerminal: true,
      runtime: { ...systemRuntime, now: () => clock.now },
    });
    await subscribed(command);
    command.signal();
    await broker.received("DISCONNECT");
    clock.now = 1000;
    command.signal();
    expect(await command.done).toBe(1);
    expect(command.written.err).toEndWith("stompbox: Stopped at once by a second signal\n");
  } finally {
    broker.stop();
  }
});

test("a reader that is slow holds the broker back, not the memory", async () => {
  const destination = fresh();
  const body = "x".repeat(100_000);
  await send(destination, ...Array.from({ length: 100 }, () => body));
  let stuck = true;
  const command = cli().start(["sub", destination, "--prefetch", "10", "--format", "raw"], {
    stuck: () => stuck,
  });
  await command.shows("x".repeat(100_000));
  const other = await cli().run(["sub", destination, "-n", "1", "--format", "raw"]);
  expect(other.code).toBe(0);
  // No more than the prefetch was given to who does not read.
  expect(command.written.out.length).toBeLessThanOrEqual(10 * 100_001);
  stuck = false;
  command.leave();
  await command.done;
});

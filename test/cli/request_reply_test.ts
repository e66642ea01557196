import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { messageHeader } from "../../src/client/received_message.ts";
import { startScriptedBroker } from "../client/scripted_broker.ts";
import { type BrokerCli, startBrokerCli } from "./broker_cli.ts";

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
const fresh = (): string => `/queue/request-${++names}`;

/** Runs a request while `reply` runs; both to their end. */
async function exchange(
  reply: readonly string[],
  request: readonly string[],
  options: Parameters<BrokerCli["run"]>[1] = {},
) {
  const destination = fresh();
  const replier = cli().start(["reply", destination, "--count", "1", ...reply], options);
  const outcome = await cli().run(["request", destination, ...request], options);
  const code = await replier.done;
  return { ...outcome, replied: { code, ...replier.written } };
}

const unix = test.skipIf(process.platform === "win32");

describe.each(["ws", "tcp"] as const)("over %s a request is answered", (carrier) => {
  test("by a text that is always the same", async () => {
    const { code, out, err, replied } = await exchange(["pong"], ["ping"], { carrier });
    expect({ code, out, err }).toEqual({ code: 0, out: "pong\n", err: "" });
    expect(replied).toEqual({ code: 0, out: "", err: "" });
  });

  test("by what it said itself, bytes too", async () => {
    const { out } = await exchange(["--echo"], ["two teas"], { carrier });
    expect(out).toBe("two teas\n");
    const destination = fresh();
    const replier = cli().start(["reply", destination, "--echo", "-n", "1"], { carrier });
    const input = Uint8Array.of(0, 255, 10, 1);
    const request = cli().start(["request", destination], { carrier, input });
    expect(await request.done).toBe(0);
    expect(Buffer.from(request.outBytes())).toEqual(Buffer.from(input));
    await replier.done;
  });

  unix("by what a command makes of it", async () => {
    const { code, out } = await exchange(["--exec", "tr a-z A-Z"], ["two teas"], { carrier });
    expect({ code, out }).toEqual({ code: 0, out: "TWO TEAS\n" });
  });

  unix("by the failure of a command", async () => {
    const argv = ["--exec", "cat >/dev/null; echo half; echo alas >&2; exit 3"];
    const { code, out, err, replied } = await exchange(argv, ["x"], { carrier });
    expect({ code, out }).toEqual({ code: 1, out: "half\n" });
    expect(err).toBe("stompbox: The reply says that it failed: the command exited with 3\n");
    expect(replied.code).toBe(0);
    expect(replied.err).toMatch(
      /^alas\nstompbox: Cannot answer message \S+: the command exited with 3\n$/,
    );
  });
});

describe("a request", () => {
  test("that nobody answers is given up, with 3", async () => {
    const destination = fresh();
    const outcome = await cli().run(["request", destination, "x", "--timeout", "50ms"]);
    expect(outcome).toEqual({
      code: 3,
      out: "",
      err: `stompbox: No reply within 0.05 s: does anybody answer at ${destination}?\n`,
    });
  });

  test("says where the reply is to go, and which it is, and takes no other", async () => {
    const destination = fresh();
    const next = await cli().listen(destination);
    const request = cli().start(["request", destination, "x", "-H", "kind:tea"]);
    const message = await next();
    expect(messageHeader(message, "kind")).toBe("tea");
    const replyTo = messageHeader(message, "reply-to") ?? "";
    const correlation = messageHeader(message, "correlation-id") ?? "";
    const client = await cli().client();
    client.send({ destination: replyTo, headers: ["correlation-id", "another"], body: "wrong" });
    client.send({
      destination: replyTo,
      headers: ["correlation-id", correlation],
      body: "right\n",
    });
    expect(await request.done).toBe(0);
    expect(request.written.out).toBe("right\n");
    await client.disconnect();
  });

  test("takes a reply that does not say to what", async () => {
    const destination = fresh();
    const next = await cli().listen(destination);
    const request = cli().start(["request", destination, "x"]);
    const client = await cli().client();
    client.send({ destination: messageHeader(await next(), "reply-to") ?? "", body: "bare" });
    expect(await request.done).toBe(0);
    expect(request.written.out).toBe("bare\n");
    await client.disconnect();
  });

  test("shows a terminal nothing that acts on it", async () => {
    const { out } = await exchange(["\u001b[2Jred\u202e"], ["x"], { isTerminal: true });
    expect(out).toBe("\\x1b[2Jred\\u202e\n");
  });

  test("is ended by Ctrl-C", async () => {
    const destination = fresh();
    const next = await cli().listen(destination);
    const request = cli().start(["request", destination, "x"]);
    await next();
    request.signal();
    expect(await request.done).toBe(1);
  });

  test("does not subscribe where the broker does that itself", async () => {
    const broker = startScriptedBroker((frame, peer) => {
      const header = (name: string): string => frame.headers[frame.headers.indexOf(name) + 1] ?? "";
      if (frame.command === "CONNECT") {
        peer.write("CONNECTED\nversion:1.2\nserver:RabbitMQ/3.13\n\n^@");
      } else if (frame.command === "SEND") {
        const replyTo = header("reply-to");
        const lines = `subscription:${replyTo}\ndestination:/reply-queue/amq.gen-1\nmessage-id:1`;
        peer.write(`MESSAGE\n${lines}\ncorrelation-id:${header("correlation-id")}\n\npong^@`);
      } else if (frame.command === "DISCONNECT") peer.write("RECEIPT\nreceipt-id:goodbye\n\n^@");
    });
    try {
      const outcome = await cli().run(["request", "/queue/a", "x", "--url", broker.url]);
      expect(outcome).toEqual({ code: 0, out: "pong\n", err: "" });
      const commands = broker.frames.map(({ command }) => command);
      expect(commands).toEqual(["CONNECT", "SEND", "DISCONNECT"]);
    } finally {
      broker.stop();
    }
  });
});

describe("a replier", () => {
  test("goes on until Ctrl-C, and answers one after the other", async () => {
    const destination = fresh();
    const replier = cli().start(["reply", destination, "--echo"], { isTerminal: true });
    await replier.tells(`Answering ${destination}; Ctrl-C ends\n`);
    for (const body of ["one", "two", "three"]) {
      expect((await cli().run(["request", destination, body])).out).toBe(`${body}\n`);
    }
    replier.signal();
    expect(await replier.done).toBe(0);
  });

  test("adds headers to its answers", async () => {
    const destination = fresh();
    const answers = fresh();
    const next = await cli().listen(answers);
    const client = await cli().client();
    client.send({ destination, headers: ["reply-to", answers], body: "x" });
    const argv = [
      "reply",
      destination,
      "-e",
      "-n1",
      "-H",
      "kind:tea",
      "--content-type",
      "text/plain",
    ];
    expect((await cli().run(argv)).code).toBe(0);
    const answer = await next();
    expect(messageHeader(answer, "kind")).toBe("tea");
    expect(messageHeader(answer, "content-type")).toBe("text/plain");
    await client.disconnect();
  });

  test("names the message where the request has no correlation-id", async () => {
    const destination = fresh();
    const answers = fresh();
    const next = await cli().listen(answers);
    const client = await cli().client();
    client.send({ destination, headers: ["reply-to", answers], body: "x" });
    await cli().run(["reply", destination, "-e", "-n1"]);
    expect(messageHeader(await next(), "correlation-id")).toMatch(/./);
    await client.disconnect();
  });

  unix("refuses what it cannot answer and cannot tell", async () => {
    const destination = fresh();
    await cli().run(["pub", destination, "x"]);
    const { code, err } = await cli().run(["reply", destination, "--exec", "exit 1", "-n", "6"]);
    expect(code).toBe(0);
    expect(err.match(/the command exited with 1/g)).toHaveLength(6);
    const dead = destination.replace("/queue/", "/queue/DLQ.");
    expect((await cli().run(["sub", dead, "-n", "1", "--format", "raw"])).out).toBe("x\n");
  });

  unix("ends a command that hangs when it is told to stop", async () => {
    const destination = fresh();
    const replier = cli().start(["reply", destination, "--exec", "echo here >&2; exec sleep 1000"]);
    await cli().run(["pub", destination, "x"]);
    await replier.tells("here");
    replier.signal();
    expect(await replier.done).toBe(0);
    // It was not answered, so it is there for the next one.
    expect((await cli().run(["sub", destination, "-n", "1", "--format", "raw"])).out).toBe("x\n");
  });

  const table = [
    [[], "Cannot answer with nothing: expected BODY, --echo or --exec CMD"],
    [["x", "--echo"], "Cannot answer with BODY and --echo: expected one of them"],
    [["--echo", "--exec", "cat"], "Cannot answer with --echo and --exec: expected one of them"],
  ] as const;
  test.each(table)("cannot be told %p", async (argv, sentence) => {
    const { code, err } = await cli().run(["reply", "/queue/a", ...argv]);
    expect(code).toBe(2);
    expect(err).toContain(sentence);
  });
});

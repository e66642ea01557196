/** `stompbox queue` against a real broker, through its API and as any client. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { queueSchema } from "../../src/api/values.ts";
import { until } from "../support/until.ts";
import { type ScriptedPeer, startScriptedBroker } from "../client/scripted_broker.ts";
import { manualRuntime } from "../support/manual_runtime.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { type BrokerCli, type RunOptions, startBrokerCli } from "./broker_cli.ts";

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

/** Runs `stompbox queue` where nobody is at the terminal. */
function queue(argv: readonly string[], options: RunOptions = {}) {
  return cli().run(["queue", ...argv], { carrier: "ws", input: "", ...options });
}

let names = 0;
/** A name that no other test has. */
const fresh = (): string => `q${++names}`;

/** Sends texts to a queue; settles when the broker has them. */
async function fill(name: string, ...bodies: readonly (string | Uint8Array)[]): Promise<void> {
  const client = await cli().client();
  for (const body of bodies) await client.sendConfirmed({ destination: `/queue/${name}`, body });
  await client.disconnect();
}

/** The bodies that wait in a queue. */
async function bodiesIn(name: string): Promise<unknown[]> {
  const { out, code } = await queue(["browse", name, "--json"]);
  expect(code).toBe(0);
  return out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => z.object({ body: z.string() }).parse(JSON.parse(line)).body);
}

describe("ls", () => {
  test("shows a row for each queue, what waits and who takes it", async () => {
    const name = fresh();
    await fill(name, "a", "b");
    const { code, out, err } = await queue(["ls", "--filter", name]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [title = "", row = "", ...rest] = out.trimEnd().split("\n");
    expect(title.split(/ {2,}/)).toEqual(["NAME", "READY", "HELD", "CONSUMERS", "OLDEST", "BYTES"]);
    expect(row).toMatch(new RegExp(`^${name} +2 +0 +0 +\\d+ s +\\d+ B$`));
    expect(rest).toEqual([]);
  });

  const sorts = [
    ["name", ["x1", "x2", "x3"]],
    ["ready", ["x3", "x2", "x1"]],
    ["bytes", ["x1", "x3", "x2"]],
    ["oldest", ["x2", "x3", "x1"]],
  ] as const;
  test.each(sorts)("sorted by %s begins with what matters", async (sort, order) => {
    const prefix = `${fresh()}-`;
    await fill(`${prefix}x2`, "a", "b");
    await fill(`${prefix}x3`, "a", "b", "c");
    await fill(`${prefix}x1`, "x".repeat(10_000));
    const { out } = await queue(["ls", "--filter", prefix, "--sort", sort, "--json"]);
    const queues = out
      .trimEnd()
      .split("\n")
      .map((line) => queueSchema.parse(JSON.parse(line)));
    expect(queues.map((each) => each.name)).toEqual(order.map((each) => prefix + each));
  });

  test("says where there is none", async () => {
    const outcome = await queue(["ls", "--filter", "nothing like that"]);
    expect(outcome).toEqual({ code: 0, out: "", err: 'No queues with "nothing like that"\n' });
  });

  test("on a narrow terminal cuts names, not numbers", async () => {
    const name = fresh() + "-long".repeat(20);
    await fill(name, "a");
    const { out } = await queue(["ls", "--filter", name], {
      isTerminal: true,
      size: { columns: 60, rows: 24 },
    });
    const [, row = ""] = out.split("\n");
    expect(row.length).toBeLessThanOrEqual(60);
    expect(row).toMatch(/… +1 +0 +0 +\d+ s +\d+ B$/);
  });

  test("and browse show what would drive a terminal escaped", async () => {
    const name = `${fresh()}\u202e`;
    await fill(name, "\x1b[31m");
    for (const argv of [["ls"], ["ls", "--json"], ["browse", name]]) {
      const { out, err } = await queue(argv);
      expect(out + err).not.toMatch(/[\x1b\u202e]/);
    }
  });
});

describe("browse", () => {
  test("shows what waits in order, and leaves it there", async () => {
    const name = fresh();
    await fill(name, "one", "two");
    for (let time = 0; time < 2; time++) {
      const { code, out } = await queue(["browse", name]);
      expect(code).toBe(0);
      expect([...(out.match(/^(?:4-\d|one|two|\/queue\/\S+)/gm) ?? [])]).toEqual([
        ...["4-1", `/queue/${name}`, "one", "4-2", `/queue/${name}`, "two"],
      ]);
    }
  });

  test.each(["", "/queue/"])("takes a name with %p before it", async (prefix) => {
    const name = fresh();
    await fill(name, "one");
    expect((await queue(["browse", prefix + name])).out).toContain("one");
  });

  test("shows a part, says that there is more, and goes on behind it", async () => {
    const name = fresh();
    await fill(name, "one", "two", "three");
    const first = await queue(["browse", name, "--limit", "2"]);
    expect(first.out).toContain("two");
    expect(first.out).not.toContain("three");
    const [, key = ""] = /^There are more behind: --after (\S+)$/m.exec(first.err) ?? [];
    const rest = await queue(["browse", name, "--after", key]);
    expect(rest.out).toContain("three");
    expect(rest.out).not.toContain("two");
    expect(rest.err).toBe("");
  });

  test("goes beyond what one answer of the API shows", async () => {
    const name = fresh();
    const bodies = Array.from({ length: 450 }, (_, at) => `body ${at}`);
    await fill(name, ...bodies);
    const { out, err } = await queue(["browse", name, "--json", "--limit", "1000"]);
    const seen = [...out.matchAll(/"body":"(body \d+)"/g)].map(([, body]) => body);
    expect(seen).toEqual(bodies);
    expect(err).toBe("");
  });

  test("gives JSON the whole of a long body, and a person its beginning", async () => {
    const name = fresh();
    const body = "x".repeat(200_000);
    await fill(name, body);
    expect(await bodiesIn(name)).toEqual([body]);
    const { out } = await queue(["browse", name]);
    expect(out).toContain("only the beginning of 195 KiB");
    expect(out.length).toBeLessThan(70_000);
  });

  test("ends when its reader has seen enough", async () => {
    const name = fresh();
    await fill(name, ...Array.from({ length: 300 }, (_, at) => `body ${at}`));
    const reader = { isThere: true };
    const running = cli().start(["queue", "browse", name, "--limit", "300"], {
      ...{ carrier: "ws", input: "", stuck: () => !reader.isThere },
    });
    reader.isThere = false;
    await running.shows("body 0");
    running.leave();
    expect(await running.done).toBe(1);
    expect(running.written.out).not.toContain("body 299");
    expect(running.written.err).toBe("");
  });

  test("gives bytes that are no text as base64", async () => {
    const name = fresh();
    await fill(name, Uint8Array.of(255, 0));
    expect((await queue(["browse", name, "--json"])).out).toContain('"bodyBase64":"/wA="');
  });

  test("says that nothing waits, and that there is no such queue", async () => {
    const name = fresh();
    await cli().listen(`/queue/${name}`);
    expect(await queue(["browse", name])).toEqual({
      ...{ code: 0, out: "", err: `No messages wait in "${name}"\n` },
    });
    const none = await queue(["browse", "never-there"]);
    expect(none.code).toBe(1);
    expect(none.err).toBe(
      'stompbox: Cannot find queue "never-there": there is none of that name\n',
    );
  });
});

describe("as any client, browse", () => {
  test("shows what waits in order and leaves it there", async () => {
    const name = fresh();
    await fill(name, "one", "two");
    for (let time = 0; time < 2; time++) {
      const { code, out, err } = await queue(["browse", name], { carrier: "tcp" });
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out.match(/^(?:one|two)$/gm)).toEqual(["one", "two"]);
    }
    expect(await bodiesIn(name)).toEqual(["one", "two"]);
  });

  test("stops at a limit", async () => {
    const name = fresh();
    await fill(name, "one", "two", "three");
    const { out, err } = await queue(["browse", name, "--limit", "2"], { carrier: "tcp" });
    expect(out.match(/^(?:one|two|three)$/gm)).toEqual(["one", "two"]);
    expect(err).toBe("There may be more: --limit 4 shows them\n");
  });

  test("waits for whoever reads, however slowly", async () => {
    const name = fresh();
    await fill(name, "one", "two");
    const reader = { isThere: false };
    const running = cli().start(["queue", "browse", name], {
      ...{ carrier: "tcp", input: "", stuck: () => !reader.isThere },
    });
    await running.shows("one");
    reader.isThere = true;
    // The fake looks at its reader when something is written.
    running.err.write("");
    expect(await running.done).toBe(0);
    expect(running.written.out).toContain("two");
  });

  test("cannot begin behind a key", async () => {
    const { code, err } = await queue(["browse", "q", "--after", "4-1"], { carrier: "tcp" });
    expect(code).toBe(1);
    expect(err).toMatch(/^stompbox: Cannot browse "q" behind a key: \S+ speaks no HTTP/);
  });

  /** A broker of another kind that has one message, and answers as told. */
  function another(server: string, browsed: (peer: ScriptedPeer, id: string) => void) {
    return startScriptedBroker((frame, peer) => {
      const header = (name: string): string => frame.headers[frame.headers.indexOf(name) + 1] ?? "";
      if (frame.command === "CONNECT") {
        peer.write(`CONNECTED\nversion:1.2\nserver:${server}\nheart-beat:0,0\n\n^@`);
      }
      if (frame.command === "SUBSCRIBE") {
        peer.write(`RECEIPT\nreceipt-id:${header("receipt")}\n\n^@`);
        browsed(peer, header("id"));
      }
      if (frame.command === "DISCONNECT") {
        peer.write(`RECEIPT\nreceipt-id:${header("receipt")}\n\n^@`);
        peer.end();
      }
    });
  }
  const message = (id: string): string =>
    `MESSAGE\nsubscription:${id}\nmessage-id:1\nack:1\ndestination:/queue/q\n\nhello^@`;

  test("asks another broker by browser:true, and takes nothing", async () => {
    const broker = another("ActiveMQ/5.17.2", (peer, id) => {
      peer.write(message(id));
      peer.write(
        `MESSAGE\nsubscription:${id}\nmessage-id:0\nbrowser:end\ndestination:/queue/q\n\n^@`,
      );
    });
    try {
      const { code, out, err } = await queue(["browse", "q", "--url", broker.url]);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(out).toContain("hello");
      const subscribe = await broker.received("SUBSCRIBE");
      const pairs = subscribe.headers.join("\n");
      expect(pairs).toContain("browser\ntrue");
      expect(pairs).toContain("ack\nclient-individual");
      expect(broker.frames.map(({ command }) => command)).not.toContain("ACK");
    } finally {
      broker.stop();
    }
  });

  test("ends when a broker that names no end falls silent", async () => {
    const broker = another("Other/1", (peer, id) => peer.write(message(id)));
    const manual = manualRuntime(1);
    const runtime = { ...systemRuntime, every: manual.every };
    try {
      const { done, ...terminal } = cli().start(["queue", "browse", "q", "--url", broker.url], {
        input: "",
        runtime,
      });
      await terminal.shows("hello");
      await broker.received("SUBSCRIBE");
      manual.advance(2_000);
      expect(await done).toBe(0);
      expect(terminal.written.err).toBe("The broker did not say that this was all\n");
    } finally {
      broker.stop();
    }
  });

  test("does not disturb a broker that would hand the messages out", async () => {
    const broker = another("RabbitMQ/3.10.8", () => undefined);
    try {
      const { code, err } = await queue(["browse", "q", "--url", broker.url]);
      expect(code).toBe(1);
      expect(err).toBe(
        'stompbox: Cannot browse "/queue/q": RabbitMQ/3.10.8 has no browsing, a look would disturb the messages\n',
      );
      expect(broker.frames.map(({ command }) => command)).not.toContain("SUBSCRIBE");
    } finally {
      broker.stop();
    }
  });
});

describe("purge", () => {
  test("with --yes removes what waits, and says how much", async () => {
    const name = fresh();
    await fill(name, "one", "two");
    const outcome = await queue(["purge", name, "--yes"]);
    expect(outcome).toEqual({ code: 0, out: `Removed 2 messages from "${name}"\n`, err: "" });
    await fill(name, "three");
    expect(await bodiesIn(name)).toEqual(["three"]);
  });

  test("removes single messages by their keys", async () => {
    const name = fresh();
    await fill(name, "one", "two", "three");
    const { out } = await queue(["purge", name, "--key", "4-1", "--key", "4-3", "-y"]);
    expect(out).toBe(`Removed 2 messages from "${name}"\n`);
    expect(await bodiesIn(name)).toEqual(["two"]);
  });

  test("says what consumers hold, and leaves it to them", async () => {
    const name = fresh();
    await fill(name, "one", "two");
    const client = await cli().client();
    const came = Promise.withResolvers<void>();
    const headers = ["prefetch-count", "1"];
    const destination = `/queue/${name}`;
    client.subscribe({ destination, ack: "client", headers, receive: () => came.resolve() });
    await came.promise;
    const { out } = await queue(["purge", name, "--yes"]);
    expect(out).toBe(`Removed 1 message from "${name}"; 1 that consumers hold stay theirs\n`);
    await client.disconnect();
  });

  const answers = [
    ["y\n", true],
    ["YES\n", true],
    [" y \r\n", true],
    ["n\n", false],
    ["\n", false],
    ["yesterday\n", false],
  ] as const;
  test.each(answers)("asked at a terminal, %p is agreement: %p", async (answer, agreed) => {
    const name = fresh();
    await fill(name, "one");
    const terminal = cli().start(["queue", "purge", name], { carrier: "ws", isTerminal: true });
    await terminal.tells(`Remove 1 message from "${name}"? [y/N] `);
    terminal.type(answer);
    expect(await terminal.done).toBe(agreed ? 0 : 1);
    if (!agreed) expect(await bodiesIn(name)).toEqual(["one"]);
    expect(terminal.written.out).toBe(agreed ? `Removed 1 message from "${name}"\n` : "");
  });

  test.each(["endInput", "signal"] as const)("asked at a terminal, %s is none", async (how) => {
    const name = fresh();
    await fill(name, "one");
    const terminal = cli().start(["queue", "purge", name], { carrier: "ws", isTerminal: true });
    await terminal.tells("[y/N] ");
    terminal[how]();
    expect(await terminal.done).toBe(1);
    expect(await bodiesIn(name)).toEqual(["one"]);
    expect(terminal.listening()).toBe(0);
  });
});

describe("move", () => {
  test("with --all moves what waits to another queue", async () => {
    const [from, to] = [fresh(), fresh()];
    await fill(from, "one", "two");
    const { code, out } = await queue(["move", from, to, "--all"]);
    expect({ code, out }).toEqual({
      code: 0,
      out: `Moved 2 messages from "${from}" to "/queue/${to}"\n`,
    });
    expect(await bodiesIn(to)).toEqual(["one", "two"]);
  });

  test("moves single messages, to a topic too", async () => {
    const name = fresh();
    await fill(name, "one", "two");
    const next = await cli().listen(`/topic/${name}`);
    const { out } = await queue(["move", `/queue/${name}`, `/topic/${name}`, "--key", "4-2"]);
    expect(out).toBe(`Moved 1 message from "${name}" to "/topic/${name}"\n`);
    expect((await next()).body).toBe("two");
    expect(await bodiesIn(name)).toEqual(["one"]);
  });

  test("says what the broker has against it", async () => {
    const name = fresh();
    await fill(name, "one");
    const { code, err } = await queue(["move", name, name, "--all"]);
    expect({ code, err }).toEqual({
      code: 1,
      err: `stompbox: Cannot move to "/queue/${name}": it is there already\n`,
    });
  });
});

describe("retry", () => {
  test("sends dead letters back to where they came from", async () => {
    const name = fresh();
    await fill(name, "one");
    const client = await cli().client();
    const refused = Promise.withResolvers<void>();
    client.subscribe({
      destination: `/queue/${name}`,
      ack: "client-individual",
      receive: (message) => {
        client.nack(message, { headers: ["requeue", "false"] });
        refused.resolve();
      },
    });
    await refused.promise;
    // The goodbye is answered behind the NACK.
    await client.disconnect();
    const outcome = await queue(["retry", `/queue/DLQ.${name}`]);
    expect(outcome.out).toBe(`Sent 1 message of "DLQ.${name}" back to where they came from\n`);
    expect(await bodiesIn(name)).toEqual(["one"]);
  });

  test("takes none but dead letters", async () => {
    const name = fresh();
    await fill(name, "one");
    const { code, err } = await queue(["retry", name]);
    expect(code).toBe(1);
    expect(err).toContain("expected a queue of dead letters, /queue/DLQ.NAME");
  });
});

describe("used wrongly", () => {
  const table = [
    [["lst"], 'Unexpected "lst"'],
    [["browse"], "Cannot browse without QUEUE: expected stompbox queue browse QUEUE"],
    [["move", "a", "--all"], "Cannot move without TO: expected stompbox queue move QUEUE TO"],
    [["ls", "orders"], 'Unexpected "orders": expected stompbox queue ls'],
    [["browse", "/topic/x"], 'Cannot use "/topic/x" as QUEUE: expected NAME or /queue/NAME'],
    [["browse", "/queue/"], 'Cannot use "/queue/" as QUEUE'],
    [["purge", "a"], "Cannot purge without --yes here: there is no terminal to ask at"],
    [["move", "a", "b"], "Cannot move without saying what: expected --key KEY"],
    [["move", "a", "b", "--all", "--key", "4-1"], "Cannot use --all with --key"],
    [["ls", "--limit", "3"], "Cannot use --limit with queue ls: only for queue browse"],
    [["browse", "a", "--yes"], "Cannot use --yes with queue browse: only for queue purge"],
    [["ls", "--sort", "redy"], 'Unknown column "redy": did you mean ready?'],
    [["ls", "--url", "tcp://localhost:1"], "Cannot look after queues over tcp://localhost:1"],
  ] as const;
  test.each(table)("queue %p exits with 2 and says so", async (argv, sentence) => {
    const { code, out, err } = await queue(argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
  });
});

describe("where no stompbox answers", () => {
  test("says what was asked and what came", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hi") });
    try {
      const { code, err } = await queue(["ls", "--url", `ws://127.0.0.1:${server.port}/ws`]);
      expect(code).toBe(1);
      expect(err).toContain("Cannot list queues: no stompbox answers there with its API");
      expect(err).toContain(`http://127.0.0.1:${server.port}/api/v1/status: HTTP status 200`);
      expect(err).toContain(`http://127.0.0.1:${server.port}/ws/api/v1/status: HTTP status 200`);
    } finally {
      await server.stop(true);
    }
  });

  test("says what a server has against it, and lets it drive no terminal", async () => {
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        if (!request.url.endsWith("/status")) {
          const problem = { title: "No", status: 500, detail: "Cannot look: \x1b[2Jgone" };
          return Response.json(problem, { status: 500 });
        }
        return fetch(`http://localhost:${cli().broker.ws}/api/v1/status`);
      },
    });
    try {
      const { code, err } = await queue(["ls", "--url", `ws://127.0.0.1:${server.port}`]);
      expect({ code, err }).toEqual({ code: 1, err: "stompbox: Cannot look: \\x1b[2Jgone\n" });
    } finally {
      await server.stop(true);
    }
  });

  test("says that nobody listens", async () => {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("hi") });
    const { port } = server;
    await server.stop(true);
    const { code, err } = await queue(["ls", "--url", `ws://127.0.0.1:${port}`]);
    expect({ code, err }).toEqual({
      code: 1,
      err: `stompbox: Cannot connect to ws://127.0.0.1:${port}: nothing listens on port ${port} there; is the broker running?\n`,
    });
  });

  test("does not wait for ever, and gives way to Ctrl-C", async () => {
    const asked: { count: number } = { count: 0 };
    const never = new Promise<Response>(() => undefined);
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => {
        asked.count++;
        return never;
      },
    });
    const url = `ws://127.0.0.1:${server.port}`;
    const manual = manualRuntime(1);
    try {
      const late = cli().start(["queue", "ls", "--url", url], {
        runtime: { ...systemRuntime, every: manual.every },
      });
      await until("it was asked", () => asked.count === 1);
      manual.advance(10_000);
      expect(await late.done).toBe(1);
      expect(late.written.err).toBe(
        `stompbox: Cannot list queues: ${url} gave no answer within 10 s\n`,
      );
      const stopped = cli().start(["queue", "ls", "--url", url]);
      await until("it was asked again", () => asked.count === 2);
      stopped.signal();
      expect(await stopped.done).toBe(1);
      expect(stopped.written).toEqual({ out: "", err: "" });
    } finally {
      await server.stop(true);
    }
  });
});

test("finds the API below a prefix, and beside the path of the WebSocket", async () => {
  const broker = await startBrokerCli({ listen: ["ws://localhost:0/app", "tcp://localhost:0"] });
  try {
    for (const path of ["/app", "/app/", "/app/ws", "/app/stomp/websocket"]) {
      const url = broker.url("ws") + path;
      expect(await broker.run(["queue", "ls", "--url", url])).toMatchObject({
        code: 0,
        err: "No queues\n",
      });
    }
  } finally {
    await broker.stop();
  }
});

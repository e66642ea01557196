import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { join } from "node:path";
import { type BrokerCli, startBrokerCli } from "./broker_cli.ts";

/** Commands as real processes, with the pipes and terminals that they meet in a shell. */

setDefaultTimeout(30_000);

const MAIN = join(import.meta.dir, "..", "..", "src", "main.ts");

const world: { cli?: BrokerCli } = {};
const children = new Set<{ kill: (signal: "SIGKILL") => void }>();
beforeAll(async () => {
  world.cli = await startBrokerCli();
});
afterAll(async () => {
  await world.cli?.stop();
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

function cli(): BrokerCli {
  if (world.cli === undefined) throw new Error("No broker");
  return world.cli;
}

let names = 0;
const fresh = (): string => `/queue/process-${++names}`;

const environment = (): Record<string, string> => ({
  PATH: process.env.PATH ?? "",
  STOMPBOX_URL: cli().url("tcp"),
});

function spawn(argv: readonly string[], stdin: "ignore" | Uint8Array = "ignore") {
  const child = Bun.spawn([process.execPath, "run", MAIN, ...argv], {
    env: environment(),
    stdin,
    stdout: "pipe",
    stderr: "pipe",
  });
  children.add(child);
  return child;
}

/** `sh -c` with `stompbox` in it. */
function pipeline(line: string) {
  const child = Bun.spawn(
    ["sh", "-c", `stompbox() { '${process.execPath}' run '${MAIN}' "$@"; }\n${line}`],
    { env: environment(), stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  children.add(child);
  return child;
}

async function finish(child: ReturnType<typeof spawn> | ReturnType<typeof pipeline>) {
  const [code, out, err] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, out, err };
}

describe("a process", () => {
  test("sends what it reads, and another shows it", async () => {
    const destination = fresh();
    const input = Buffer.from("one\ntwo\n");
    const sent = await finish(spawn(["pub", destination, "--lines"], input));
    expect(sent).toEqual({ code: 0, out: "", err: "" });
    const shown = await finish(spawn(["sub", destination, "-n", "2", "--format", "raw"]));
    expect(shown).toEqual({ code: 0, out: "one\ntwo\n", err: "" });
  });

  test("writes all of it, however late somebody reads", async () => {
    const destination = fresh();
    const body = "x".repeat(50_000);
    const client = await cli().client();
    for (let count = 0; count < 100; count++) {
      await client.sendConfirmed({ destination, body });
    }
    await client.disconnect();
    const child = spawn(["sub", destination, "-n", "100", "--format", "raw"]);
    let length = 0;
    // More than a pipe holds: what is behind waits for us, and the end of the process too.
    for await (const chunk of child.stdout) length += chunk.length;
    expect(await child.exited).toBe(0);
    expect(length).toBe(100 * 50_001);
  });

  test.skipIf(process.platform === "win32")(
    "does not end before its last word is taken",
    async () => {
      const destination = fresh();
      const [answer, replies] = ["x".repeat(1_000_000), await cli().client()];
      replies.subscribe({
        destination,
        receive: ({ headers }) => {
          const replyTo = headers[headers.indexOf("reply-to") + 1] ?? "";
          replies.send({ destination: replyTo, body: answer });
        },
      });
      // The reader sleeps so that the pipe is full when the command has nothing left to do.
      const line = `stompbox request ${destination} x -t 20s | { sleep 0.5; wc -c; }`;
      const { code, out, err } = await finish(pipeline(line));
      expect({ code, err }).toEqual({ code: 0, err: "" });
      expect(Number(out)).toBe(1_000_001);
      await replies.disconnect();
    },
  );

  test.skipIf(process.platform === "win32")("ends quietly with its reader", async () => {
    const destination = fresh();
    const lines = Array.from({ length: 5000 }, (_, at) => `line ${at}`).join("\n");
    await finish(spawn(["pub", destination, "--lines"], Buffer.from(lines)));
    const outcome = await finish(pipeline(`stompbox sub ${destination} --format raw | head -n 1`));
    expect(outcome).toEqual({ code: 0, out: "line 0\n", err: "" });
  });

  describe.skipIf(process.platform !== "linux")("that cannot write what it shows", () => {
    const full = ["> /dev/full", "there is no space left"] as const;
    const closed = [">&-", "it is closed"] as const;
    const readOnly = ["1< /dev/null", "it is closed"] as const;

    test.each([full, closed, readOnly])("by %s fails, and takes nothing", async (where, why) => {
      for (const more of ["", "--count 5", "--ack client"]) {
        const destination = fresh();
        const bodies = ["one", "two", "three", "four", "five"];
        await finish(spawn(["pub", destination, "--lines"], Buffer.from(bodies.join("\n"))));
        const outcome = await finish(pipeline(`stompbox sub ${destination} ${more} ${where}`));
        const err = `stompbox: Cannot write to standard output: ${why}\n`;
        expect(outcome).toEqual({ code: 1, out: "", err });
        const look = ["sub", destination, "-H", "browser:true", "--ack", "auto", "--format", "raw"];
        const left = await cli().run(look, { input: "" });
        expect(left.out.trimEnd().split("\n")).toEqual(bodies);
      }
    });

    test.each([full, closed])("by %s fails whatever the command", async (where, why) => {
      for (const line of ["stompbox explain queue-full", "stompbox --help", "stompbox --version"]) {
        const { code, err } = await finish(pipeline(`${line} ${where}`));
        const sentence = `stompbox: Cannot write to standard output: ${why}\n`;
        expect({ line, code, err }).toEqual({ line, code: 1, err: sentence });
      }
    });

    test("is none that was told to write to /dev/null", async () => {
      const destination = fresh();
      await finish(spawn(["pub", destination, "one"]));
      const outcome = await finish(pipeline(`stompbox sub ${destination} --count 1 > /dev/null`));
      expect(outcome).toEqual({ code: 0, out: "", err: "" });
    });
  });

  test.skipIf(process.platform === "win32")("says of a folder that it is no body", async () => {
    const bodyOf = (line: string) => finish(pipeline(`stompbox pub ${fresh()} ${line}`));
    expect(await bodyOf("--file /")).toMatchObject({
      code: 2,
      err: expect.stringContaining('Cannot read "/" as --file: it is a folder\n'),
    });
    for (const more of ["", "--lines", "--transaction"]) {
      const { code, err } = await bodyOf(`${more} < /`);
      expect({ code, err: err.split("\n")[0] }).toEqual({
        code: 1,
        err: "stompbox: Cannot read standard input: it is a folder",
      });
    }
    const asked = await finish(pipeline(`stompbox request ${fresh()} --file /`));
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining("it is a folder\n") });
  });

  test("stops on SIGTERM as on Ctrl-C", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const destination = fresh();
      await finish(spawn(["pub", destination, "one"]));
      const child = spawn(["sub", destination, "--format", "raw"]);
      for await (const _chunk of child.stdout) child.kill(signal);
      expect(await child.exited).toBe(0);
      expect(await child.stderr.text()).toBe("");
    }
  });

  test("answers by a shell command", async () => {
    const destination = fresh();
    const replier = spawn(["reply", destination, "--exec", "cat; echo !", "-n", "1"]);
    const asked = await finish(spawn(["request", destination, "two teas", "-t", "10s"]));
    expect(asked).toEqual({ code: 0, out: "two teas!\n", err: "" });
    expect(await finish(replier)).toEqual({ code: 0, out: "", err: "" });
  });

  test("exits with 2 for what it does not understand, 3 when time is over", async () => {
    expect((await finish(spawn(["sub"]))).code).toBe(2);
    expect((await finish(spawn(["sub", fresh(), "-t", "10ms"]))).code).toBe(3);
  });
});

describe.skipIf(process.platform === "win32")("on a terminal", () => {
  test("sub shows messages, and Ctrl-C ends it", async () => {
    const destination = fresh();
    let text = "";
    const subscribed = Promise.withResolvers<void>();
    const shown = Promise.withResolvers<void>();
    const decoder = new TextDecoder();
    const child = Bun.spawn([process.execPath, "run", MAIN, "sub", destination], {
      env: { ...environment(), TERM: "xterm" },
      terminal: {
        cols: 80,
        rows: 24,
        data: (_terminal, bytes) => {
          text += decoder.decode(bytes, { stream: true });
          if (text.includes("Ctrl-C ends")) subscribed.resolve();
          if (text.includes("two teas")) shown.resolve();
        },
      },
    });
    children.add(child);
    await Promise.race([subscribed.promise, child.exited]);
    await finish(spawn(["pub", destination, "two teas \u001b[2J"]));
    await Promise.race([shown.promise, child.exited]);
    child.terminal?.write("\x03");
    expect(await child.exited).toBe(0);
    expect(text).toContain(`\x1b[1m${destination}\x1b[0m`);
    expect(text).toContain("two teas \\x1b[2J");
    expect(text).not.toContain("\x1b[2J");
  });

  test("pub without a body does not wait for one", async () => {
    let text = "";
    const child = Bun.spawn([process.execPath, "run", MAIN, "pub", fresh()], {
      env: environment(),
      terminal: { cols: 80, rows: 24, data: (_terminal, bytes) => (text += Buffer.from(bytes)) },
    });
    children.add(child);
    expect(await child.exited).toBe(2);
    expect(text).toContain("Cannot send without a body");
  });
});

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runCli } from "../../src/cli/run_cli.ts";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";
import { bench, benchTerminal } from "./bench_cli.ts";

const place: { broker: RealBroker | undefined } = { broker: undefined };
beforeAll(async () => {
  place.broker = await startRealBroker();
});
afterAll(() => place.broker?.stop());

function url(): string {
  return `tcp://localhost:${place.broker?.tcp ?? 0}`;
}

describe("what cannot be meant is refused with exit code 2", () => {
  test.each([
    ["pears", 'Unexpected "pears": did you mean pairs?'],
    ["pairs --rate 5", "Cannot use --rate with pairs: expected with latency"],
    ["connect -n 5", "Cannot use --messages with connect: expected with fan-out, pairs"],
    ["queue --processes 2", "Cannot use --processes with queue: expected with fan-out, pairs"],
    ["pairs --pairs 2 --processes 3", "Cannot use --processes 3 with fewer pairs"],
    ["pairs -n 5 --seconds 1", "Cannot use --seconds with --messages"],
    ["queue --protocol nats", "Cannot use --protocol nats with queue"],
    ["pairs --destination /topic/a", 'Cannot use "/topic/a" as --destination with pairs'],
    ["pairs --size 16", 'Cannot use "16" as --size: expected 17 to 16MiB'],
    ["pairs --pid me", 'Cannot use "me" as a process: expected its number (--pid)'],
    ["pairs --window 0", 'Cannot use "0" as --window'],
    ["queue --ack all", 'Cannot use "all" as --ack'],
  ])("%s", async (words, sentence) => {
    const { code, out, err } = await bench(words);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toContain(sentence);
  });

  test("all at once", async () => {
    const { err } = await bench("pairs --rate 5 --ack client --seconds 1 -n 1");
    expect(err).toStartWith("stompbox: 3 mistakes\n");
  });
});

describe("what does not work is told with exit code 1", () => {
  test("nobody listens", async () => {
    const { code, out, err } = await bench("pairs --url tcp://127.0.0.1:1");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("Cannot connect to tcp://127.0.0.1:1: nothing listens on port 1 there");
  });

  test("the port speaks HTTP, and no WebSocket is there", async () => {
    const server = Bun.serve({ port: 0, fetch: () => new Response("no", { status: 404 }) });
    const { code, err } = await bench(`pairs --url ws://localhost:${server.port}/ws`);
    await server.stop(true);
    expect(code).toBe(1);
    expect(err).toContain("it answers the WebSocket upgrade with HTTP status 404, expected 101");
  });

  test("the process that is named is not there", async () => {
    const { code, err } = await bench(`pairs --pid 999999999 --url ${url()}`);
    expect(code).toBe(1);
    expect(err).toContain("Cannot look at process 999999999");
  });
});

test("without --json there is a table", async () => {
  const terminal = benchTerminal({ env: { STOMPBOX_URL: url() } });
  expect(await runCli(["bench", "pairs", "-n", "100", "--pairs", "2"], terminal)).toBe(0);
  const { out, err } = terminal.written;
  expect(err).toBe("");
  const lines = out.trimEnd().split("\n");
  expect(lines[0]).toBe(`pairs through stompbox/test at ${url()}`);
  for (const row of [
    /^ {2}messages +100$/,
    /^ {2}lost +0$/,
    /^ {2}messages per second +[\d,.]+$/,
  ]) {
    expect(lines.filter((line) => row.test(line))).toHaveLength(1);
  }
});

test("the options that count are in the result, and no others", async () => {
  const { result } = await bench(`pairs -n 10 --pairs 2 --login me --url ${url()}`);
  expect(result?.options).toEqual({
    messages: 10,
    pairs: 2,
    window: 64,
    ids: "alike",
    size: 100,
    warmUp: 0,
    processes: 1,
    protocol: "stomp",
    destination: "/topic/bench.{}",
  });
});

test("on a terminal it says how far it is, and takes that away at the end", async () => {
  const terminal = benchTerminal({ env: { STOMPBOX_URL: url() }, isTerminal: true });
  const done = runCli(["bench", "queue", "--seconds", "60"], terminal);
  await terminal.tells(" arrived");
  terminal.signal();
  expect(await done).toBe(1);
  expect(terminal.written.err).toMatch(/\r\x1b\[K[\d]+ sent, [\d]+ arrived/);
  expect(terminal.written.err).toContain("\r\x1b[Kstompbox: Stopped before its end\n");
  expect(terminal.written.out).toContain("messages per second");
});

test("a destination without {} is used as it is", async () => {
  const words = "fan-out --subscribers 2 -n 50 --destination /topic/mine";
  expect(await bench(`${words} --url ${url()}`)).toMatchObject({ code: 0, err: "" });
});

import { afterEach, describe, expect, test } from "bun:test";
import { bench } from "./bench_cli.ts";
import { type NatsLies, type SmallNats, startSmallNats } from "./small_nats.ts";

const started: SmallNats[] = [];
afterEach(() => {
  for (const server of started.splice(0)) server.stop();
});

function nats(lies: NatsLies = {}): SmallNats {
  const server = startSmallNats(lies);
  started.push(server);
  return server;
}

describe.each(["ws", "tcp"] as const)("over %s", (carrier) => {
  test.each([
    ["fan-out --subscribers 5 -n 1000", { messages: 1000, deliveries: 5000 }],
    ["pairs --pairs 3 -n 1000", { messages: 1000, deliveries: 1000 }],
    ["latency --subscribers 2 -n 100 --rate 2000", { messages: 100, deliveries: 200 }],
    ["connect --connections 30", { logins: 30, failed: 0 }],
    ["idle --connections 5 --seconds 0.3 --heart-beat 50ms", { connections: 5 }],
  ] as const)("%s counts everything exactly once", async (words, expected) => {
    const { code, err, figures, result } = await bench(
      `${words} --protocol nats --url ${nats()[carrier]}`,
    );
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(figures).toMatchObject(expected);
    expect(result?.broker).toBe("nats-server/2.9.10");
  });
});

test("what is lost and doubled is found", async () => {
  const { tcp } = nats({ copies: (message) => [1, 0, 2][message] ?? 1 });
  const { code, err } = await bench(`pairs --pairs 1 -n 100 --protocol nats --url ${tcp}`);
  expect(code).toBe(1);
  expect(err).toBe(
    "stompbox: Lost 1 of 100 messages to subscriber 0: number 1\n" +
      "stompbox: Doubled messages to subscriber 0: 1 came that had come before\n",
  );
});

test("login and passcode go into CONNECT, and a refusal is told", async () => {
  const server = nats({ refusal: "-ERR 'Authorization Violation'\r\n" });
  const words = "connect --connections 1 --protocol nats --login me --passcode secret";
  const { code, err } = await bench(`${words} --url ${server.tcp}`);
  expect(server.connects).toMatchObject([{ user: "me", pass: "secret", verbose: false }]);
  expect(code).toBe(1);
  expect(err).toContain(
    "1 of 1 logins failed, the first: The broker refused: Authorization Violation",
  );
});

import { afterAll, expect, test } from "bun:test";
import { bench } from "../bench/bench_cli.ts";
import { startSmallBroker } from "../bench/small_broker.ts";

/** A broker that says it is one of those whose RECEIPT for SUBSCRIBE comes too early, or never. */
const broker = startSmallBroker({
  greeting: "CONNECTED\nversion:1.2\nserver:ActiveMQ/5.17.2\nheart-beat:0,0\n\n\0",
});
afterAll(() => broker.stop());

test.each(["fan-out --subscribers 3", "pairs --pairs 2", "queue --ack client"])(
  "subscriptions are confirmed by what follows them: %s",
  async (words) => {
    const outcome = await bench(`${words} --messages 400 --url ${broker.url}`);
    expect(outcome).toMatchObject({ code: 0, err: "" });
  },
);

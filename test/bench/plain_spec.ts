import type { BenchSpec } from "../../src/bench/bench_spec.ts";
import { parseBrokerUrl } from "../../src/client/broker_url.ts";

/** A run of one of everything, to be changed where a test needs it. */
export const PLAIN_SPEC: BenchSpec = {
  workload: "fan-out",
  address: { url: parseBrokerUrl("tcp://localhost"), trust: {}, heartBeatMs: 0 },
  protocol: "stomp",
  pids: [],
  bodyBytes: 100,
  messages: 1000,
  seconds: 5,
  warmUpSeconds: 0,
  senders: 1,
  subscribers: 1,
  pairs: 1,
  connections: 1,
  ack: "auto",
  ids: "alike",
  window: 64,
  rate: 1,
  persistent: false,
  destination: "{}",
  run: "a",
};

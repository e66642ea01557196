/** A broker with real sockets, and what a test wants to know of it. */

import { defaultConfig, type ConfigOverrides } from "../../src/config.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";
import { startStompbox } from "../../src/stompbox.ts";

/** A broker that listens on ports of its own. */
export interface RealBroker {
  readonly ws: number;
  readonly tcp: number;
  /** What it told its observers so far. */
  readonly events: readonly BrokerEvent[];
  /** The value of a metric without labels, or of the one line that begins with `name`. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a broker on `localhost`, unless `overrides` say where. It must be stopped. */
export async function startRealBroker(overrides: ConfigOverrides = {}): Promise<RealBroker> {
  const events: BrokerEvent[] = [];
  const config = defaultConfig({
    listen: ["ws://localhost:0", "tcp://localhost:0"],
    ...overrides,
  });
  const broker = await startStompbox(config, {
    version: "test",
    observe: (event) => events.push(event),
  });
  const portOf = (scheme: "ws" | "tcp"): number =>
    broker.addresses.find((address) => address.scheme === scheme)?.port ?? 0;
  const ws = portOf("ws");
  const prefix = broker.addresses.find(({ scheme }) => scheme === "ws")?.path ?? "/";
  return {
    ws,
    tcp: portOf("tcp"),
    events,
    metric: async (name) => {
      const response = await fetch(`http://127.0.0.1:${ws}${prefix}metrics`);
      const line = (await response.text()).split("\n").find((each) => each.startsWith(`${name} `));
      return line === undefined ? Number.NaN : Number(line.slice(name.length + 1));
    },
    stop: () => broker.stop(),
  };
}

import { parseBrokerUrl } from "../../src/client/broker_url.ts";
import type { ReceivedMessage } from "../../src/client/received_message.ts";
import { connectClient, type StompClient } from "../../src/client/stomp_client.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import type { ConfigOverrides } from "../../src/config.ts";
import { systemRuntime } from "../../src/runtime.ts";
import { type RealBroker, startRealBroker } from "../transport/real_broker.ts";
import { type FakeTerminal, fakeTerminal } from "./fake_terminal.ts";

/** How a command is run. */
export type RunOptions = Parameters<typeof fakeTerminal>[0] & {
  /** By which carrier the broker is reached. Default `tcp`. */
  readonly carrier?: "ws" | "tcp";
};

/** A command that is running. */
export interface RunningCommand extends FakeTerminal {
  /** Its exit code, when it has ended. */
  readonly done: Promise<number>;
}

/** A broker, and commands that find it by STOMPBOX_URL. */
export interface BrokerCli {
  readonly broker: RealBroker;
  readonly url: (carrier: "ws" | "tcp") => string;
  /** Starts a command. */
  readonly start: (argv: readonly string[], options?: RunOptions) => RunningCommand;
  /** Runs a command to its end. */
  readonly run: (
    argv: readonly string[],
    options?: RunOptions,
  ) => Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  readonly client: () => Promise<StompClient>;
  /** Subscribes, and gives the messages one by one. */
  readonly listen: (
    destination: string,
    headers?: readonly string[],
  ) => Promise<() => Promise<ReceivedMessage>>;
  readonly stop: () => Promise<void>;
}

/** Starts a broker for commands. It must be stopped. */
export async function startBrokerCli(config: ConfigOverrides = {}): Promise<BrokerCli> {
  const broker = await startRealBroker(config);
  const url = (carrier: "ws" | "tcp"): string => `${carrier}://localhost:${broker[carrier]}`;
  const clients = new Set<StompClient>();
  const client = async (): Promise<StompClient> => {
    const connected = await connectClient({
      url: parseBrokerUrl(url("tcp")),
      runtime: systemRuntime,
    });
    clients.add(connected);
    return connected;
  };
  const start = (
    argv: readonly string[],
    { carrier = "tcp", ...options }: RunOptions = {},
  ): RunningCommand => {
    const env = { STOMPBOX_URL: url(carrier), ...options.env };
    const terminal = fakeTerminal({ ...options, env });
    return { ...terminal, done: runCli(argv, terminal) };
  };
  return {
    broker,
    url,
    client,
    start,
    run: async (argv, options) => {
      const { done, written } = start(argv, options);
      const code = await done;
      return { code, ...written };
    },
    listen: async (destination, headers = []) => {
      const connected = await client();
      const messages: ReceivedMessage[] = [];
      const waiting: ((message: ReceivedMessage) => void)[] = [];
      const { confirmed } = connected.subscribe({
        destination,
        headers,
        receive: (message) => {
          const taker = waiting.shift();
          if (taker === undefined) messages.push(message);
          else taker(message);
        },
      });
      await confirmed;
      return () => {
        const message = messages.shift();
        return message === undefined
          ? new Promise((resolve) => waiting.push(resolve))
          : Promise.resolve(message);
      };
    },
    stop: async () => {
      for (const each of clients) each.cut();
      await broker.stop();
    },
  };
}

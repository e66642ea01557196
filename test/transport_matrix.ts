/**
 * One suite, three transports, three ways of cutting the input: what the
 * conformance tests are run over.
 */
import { afterAll, afterEach, beforeAll, describe } from "bun:test";
import {
  openBroker,
  type OpenOptions,
  type Overrides,
  type TestBroker,
} from "./support/brokers.ts";
import type { Transport } from "./support/line.ts";
import type { Cut, HeaderInit, RawPeer } from "./support/peer.ts";
import type { Version } from "./support/received_frame.ts";
import { RUN_SEED } from "./support/seeded_random.ts";

/** How a peer logs in. */
export interface ConnectOptions extends OpenOptions {
  /** Default 1.2. A 1.0 peer sends no `accept-version`. */
  readonly version?: Version;
  /** Further headers of CONNECT. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a case of the suite works with. */
export interface House {
  readonly transport: Transport;
  readonly cut: Cut;
  /** The broker of this file and transport. */
  broker(): TestBroker;
  /** A peer that has sent nothing. It is cut off after the case. */
  open(options?: OpenOptions): Promise<RawPeer>;
  /** A peer that has logged in. It is cut off after the case. */
  connect(options?: ConnectOptions): Promise<RawPeer>;
  /** A destination that no other case uses. */
  topic(): string;
  /** A destination that no other case uses. */
  queue(): string;
}

/** Where the suite is run and on what broker. */
export interface MatrixOptions {
  readonly transports?: readonly Transport[];
  readonly cuts?: readonly Cut[];
  readonly overrides?: Overrides;
}

const TRANSPORTS: readonly Transport[] = ["fake", "ws", "tcp"];
const CUTS: readonly Cut[] = ["whole", "bytes", "random"];
const CUT_NAMES: Readonly<Record<Cut, string>> = {
  whole: "whole",
  bytes: "byte by byte",
  random: `cut at random (seed ${RUN_SEED})`,
};

/** The headers of a CONNECT for that version. */
export function connectHeaders(version: Version): Record<string, string> {
  return version === "1.0" ? {} : { "accept-version": version, host: "localhost" };
}

/**
 * Defines the cases of `section` once for every transport and way of cutting
 * the input. Cases of a transport share a broker, and none of their names.
 */
export function overEachTransport(
  section: string,
  define: (house: House) => void,
  options: MatrixOptions = {},
): void {
  for (const transport of options.transports ?? TRANSPORTS) {
    describe(`${section} [${transport}]`, () => {
      let broker: TestBroker | null = null;
      beforeAll(async () => {
        broker = await openBroker(transport, options.overrides);
      });
      afterAll(async () => {
        await broker?.stop();
      });
      const running = (): TestBroker => {
        if (broker === null) throw new Error("The broker is not running");
        return broker;
      };
      for (const cut of options.cuts ?? CUTS) {
        describe(CUT_NAMES[cut], () => {
          const peers: RawPeer[] = [];
          let names = 0;
          afterEach(() => {
            for (const peer of peers.splice(0)) peer.line.cut();
          });
          const open = async (openOptions: OpenOptions = {}): Promise<RawPeer> => {
            const peer = await running().open({ cut, ...openOptions });
            peers.push(peer);
            return peer;
          };
          define({
            transport,
            cut,
            broker: running,
            open,
            connect: async ({ version = "1.2", headers = {}, ...openOptions } = {}) => {
              const peer = await open(openOptions);
              const all: HeaderInit = { ...connectHeaders(version), ...headers };
              peer.frame("CONNECT", all);
              await peer.expect("CONNECTED", { version });
              return peer;
            },
            topic: () => `/topic/${cut}.t${++names}`,
            queue: () => `/queue/${cut}.q${++names}`,
          });
        });
      }
    });
  }
}

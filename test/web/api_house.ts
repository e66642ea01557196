/** An HTTP listener of a real broker whose admin is a stand-in that notes what it is asked. */

import { CALLS, type CallName } from "../../src/api/calls.ts";
import { defaultConfig, type ConfigOverrides } from "../../src/config.ts";
import type { BrokerEvent } from "../../src/observe/events.ts";
import { createBroker } from "../../src/stompbox.ts";
import type { OriginRules } from "../../src/transport/origin.ts";
import type { Admin } from "../../src/web/admin.ts";
import { loadPages } from "../../src/web/pages.ts";
import { listenWeb } from "../../src/web/web.ts";

/** What a call was asked with. */
export type Asked = readonly [name: CallName, given: unknown];

/** A listener under test. */
export interface ApiHouse {
  /** `http://127.0.0.1:PORT` and the prefix. */
  readonly root: string;
  readonly port: number;
  /** What the admin was asked since this was last called. */
  asked(): Asked[];
  /** What was told to observers so far. */
  readonly events: readonly BrokerEvent[];
  stop(): Promise<void>;
}

/** How a house differs from the usual one. */
export interface ApiHouseOptions {
  readonly config?: ConfigOverrides;
  readonly origins?: Partial<OriginRules>;
  readonly prefix?: string;
  /** Calls that do more than to be noted. */
  readonly admin?: Partial<Admin>;
}

/** Listens on a loopback address. It must be stopped. */
export async function openApiHouse(options: ApiHouseOptions = {}): Promise<ApiHouse> {
  const events: BrokerEvent[] = [];
  const noted: Asked[] = [];
  const broker = createBroker(defaultConfig(options.config), { version: "test" });
  const { prefix = "" } = options;
  const { server } = listenWeb({
    hostname: "127.0.0.1",
    port: 0,
    prefix,
    origins: { loopback: true, strict: false, allowed: [], ...options.origins },
    webSocketPaths: ["/"],
    context: broker.context,
    connections: broker.connections,
    accept: broker.accept,
    pages: await loadPages({ singlePage: false }),
    observe: (event) => events.push(event),
    ready: () => true,
    metrics: broker.metrics,
    admin: noting({ ...broker.admin, ...options.admin }, noted),
  });
  const port = server.port ?? 0;
  return {
    root: `http://127.0.0.1:${port}${prefix}`,
    port,
    asked: () => noted.splice(0),
    events,
    stop: async () => {
      await server.stop(true);
      await broker.close();
    },
  };
}

function noting(admin: Admin, noted: Asked[]): Admin {
  const isCall = (name: string | symbol): name is CallName =>
    typeof name === "string" && Object.hasOwn(CALLS, name);
  return new Proxy(admin, {
    get: (target, name) => {
      if (!isCall(name)) return undefined;
      const carryOut: (given: never) => unknown = target[name];
      return (given: never) => {
        noted.push([name, given]);
        return carryOut(given);
      };
    },
  });
}

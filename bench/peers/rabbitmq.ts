import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Peer } from "./peer.ts";
import { freePort, listens, missingFile, startProgram } from "./program.ts";

const PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const TITLE = "RabbitMQ";

/** RabbitMQ with its plugin for STOMP over WebSocket. */
export const rabbitmq: Peer = {
  name: "rabbitmq",
  title: TITLE,
  warmUpSeconds: 3,
  isLasting: true,
  missing: () => missingFile(TITLE, PROGRAM),
  start: async ({ folder }) => {
    const [port, stompPort, namesPort, nodePort] = [1, 2, 3, 4].map(freePort);
    if (port === undefined) throw new Error("Cannot start RabbitMQ: no free port was found");
    const pidFile = join(folder, "pid");
    await Bun.write(join(folder, "rabbitmq.conf"), configuration(port, stompPort));
    await Bun.write(join(folder, "plugins"), "[rabbitmq_stomp,rabbitmq_web_stomp].\n");
    const environment = {
      ERL_EPMD_PORT: String(namesPort),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_NODENAME: "bench@localhost",
      RABBITMQ_DIST_PORT: String(nodePort),
      RABBITMQ_MNESIA_BASE: join(folder, "mnesia"),
      RABBITMQ_LOG_BASE: join(folder, "log"),
      RABBITMQ_CONFIG_FILE: join(folder, "rabbitmq"),
      RABBITMQ_CONF_ENV_FILE: join(folder, "none"),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, "plugins"),
      RABBITMQ_PID_FILE: pidFile,
    };
    // Left to itself Erlang starts one in the background, which stays for ever.
    const names = startProgram(["epmd", "-port", String(namesPort), "-address", "127.0.0.1"], {
      title: "epmd",
      folder: await emptyFolder(join(folder, "epmd")),
    });
    await names.waitFor(`port ${namesPort}`, () => listens(namesPort ?? 0));
    const broker = startProgram([PROGRAM], { title: TITLE, folder, environment });
    const stop = async (): Promise<void> => {
      await broker.stop();
      await names.stop();
    };
    try {
      await broker.waitFor(`port ${port}`, () => listens(port));
      const pid = await broker.waitFor("its process", () =>
        existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : undefined,
      );
      const [, version = ""] = /RabbitMQ (\S+)/.exec(broker.output()) ?? [];
      const [, erlang = ""] = /Erlang:\s+(.*)/.exec(broker.output()) ?? [];
      return {
        url: `ws://127.0.0.1:${port}/ws`,
        flags: ["--host", "/"],
        pids: [pid],
        version,
        settings:
          `Debian's, one node on Erlang ${erlang}, plugins rabbitmq_stomp and rabbitmq_web_stomp, ` +
          "otherwise as it comes; STOMP over WebSocket",
        stop,
      };
    } catch (error) {
      await stop();
      throw error;
    }
  },
};

function configuration(port: number, stompPort: number | undefined): string {
  return [
    "listeners.tcp = none",
    `stomp.listeners.tcp.1 = 127.0.0.1:${stompPort}`,
    "stomp.default_user = guest",
    "stomp.default_pass = guest",
    "web_stomp.tcp.ip = 127.0.0.1",
    `web_stomp.tcp.port = ${port}`,
    "log.console = true",
    "log.console.level = error",
    "log.file = false",
    "",
  ].join("\n");
}

async function emptyFolder(path: string): Promise<string> {
  await Bun.write(join(path, ".keep"), "");
  return path;
}

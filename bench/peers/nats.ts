import type { Peer } from "./peer.ts";
import { freePort, listens, missingFile, startProgram } from "./program.ts";

const PROGRAM = "/usr/sbin/nats-server";
const TITLE = "nats-server";

/** The NATS server, over the protocol of its own. It has topics alone. */
export const nats: Peer = {
  name: "nats",
  title: TITLE,
  warmUpSeconds: 1,
  isLasting: false,
  missing: () => missingFile(TITLE, PROGRAM),
  start: async ({ folder }) => {
    const port = freePort();
    const command = [PROGRAM, "-a", "127.0.0.1", "-p", String(port)];
    const server = startProgram(command, { title: TITLE, folder });
    await server.waitFor(`port ${port}`, () => listens(port));
    return {
      url: `tcp://127.0.0.1:${port}`,
      flags: ["--protocol", "nats"],
      pids: [server.pid],
      version: Bun.spawnSync([PROGRAM, "--version"]).stdout.toString().replace(/^\D*/, "").trim(),
      settings: "Debian's, without a configuration file; the NATS protocol over TCP",
      stop: server.stop,
    };
  },
};

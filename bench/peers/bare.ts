import { join } from "node:path";
import { z } from "zod";
import type { Peer, PeerName } from "./peer.ts";
import { firstLine, startProgram } from "./program.ts";

const lineSchema = z.object({ url: z.string() });

/** The ceilings; what each does is said in bare_server.ts. */
export const barePublish: Peer = bare("bare-publish", {
  title: "bare server.publish",
  mode: "publish",
});
export const bareCorked: Peer = bare("bare-corked", {
  title: "bare, corked, one string",
  mode: "corked",
});
export const bareOwn: Peer = bare("bare-own", {
  title: "bare, corked, a string each",
  mode: "own",
});
export const bareForward: Peer = bare("bare-forward", {
  title: "bare, batched, one to one",
  mode: "forward",
});
export const bareBeats: Peer = bare("bare-beats", {
  title: "bare, beating",
  mode: "beats",
});

function bare(
  name: PeerName,
  { title, mode }: { readonly title: string; readonly mode: string },
): Peer {
  return {
    name,
    title,
    warmUpSeconds: 2,
    isLasting: false,
    missing: () => undefined,
    start: async ({ folder }) => {
      const command = [process.execPath, join(import.meta.dir, "bare_server.ts"), mode];
      const server = startProgram(command, { title, folder });
      const line = await server.waitFor("a line of JSON", () => firstLine(server));
      return {
        url: lineSchema.parse(JSON.parse(line)).url,
        flags: [],
        pids: [server.pid],
        version: Bun.version,
        settings: `bench/peers/bare_server.ts ${mode}`,
        stop: server.stop,
      };
    },
  };
}

import { z } from "zod";
import type { Peer } from "./peer.ts";
import { firstLine, startProgram } from "./program.ts";

const lineSchema = z.object({ version: z.string(), urls: z.array(z.string()) });

/** The broker over WebSocket, which is what the others are compared with. */
export const stompbox: Peer = over("ws");

/** The same over TCP. */
export const stompboxTcp: Peer = over("tcp");

function over(carrier: "ws" | "tcp"): Peer {
  const title = carrier === "ws" ? "stompbox" : "stompbox over TCP";
  return {
    name: carrier === "ws" ? "stompbox" : "stompbox-tcp",
    title,
    warmUpSeconds: 2,
    isLasting: false,
    missing: () => undefined,
    start: async ({ folder, command }) => {
      const flags = ["--listen", `${carrier}://127.0.0.1:0`, "--log", "error"];
      const broker = startProgram([...command, ...flags], { title, folder });
      const line = await broker.waitFor("a line of JSON", () => firstLine(broker));
      const { version, urls } = lineSchema.parse(JSON.parse(line));
      return {
        url: urls.find((url) => url.startsWith(`${carrier}:`)) ?? "",
        flags: [],
        pids: [broker.pid],
        version,
        settings: `as it comes; STOMP over ${carrier === "ws" ? "WebSocket" : "TCP"}`,
        stop: broker.stop,
      };
    },
  };
}

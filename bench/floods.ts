/** Floods: one publisher without a window, those who read it, and what came of it. */

import { join } from "node:path";
import { z } from "zod";
import type { RunningPeer } from "./peers/peer.ts";

/** What floods where. */
export interface Flood {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly destination: string;
  /** Bytes of a body. */
  readonly bodyBytes: number;
  /** Subscribers that read. */
  readonly readers: number;
  /** The refusal that is expected, by its code; undefined if there is to be none. */
  readonly refusal?: string;
}

/** What a publisher without a window can do to a broker. */
export const FLOODS: readonly Flood[] = [
  {
    name: "topic",
    title: "a topic with 100 subscribers that read",
    destination: "/topic/flood",
    bodyBytes: 100,
    readers: 100,
  },
  {
    name: "nobody",
    title: "a topic that nobody subscribes to",
    destination: "/topic/nobody",
    bodyBytes: 100,
    readers: 0,
  },
  {
    name: "queue",
    title: "a queue without consumers, up to its bound and then on",
    destination: "/queue/flood",
    bodyBytes: 100,
    readers: 0,
    refusal: "queue-full",
  },
  {
    name: "large",
    title: "a topic with 4 subscribers that read bodies of 64 KiB",
    destination: "/topic/large",
    bodyBytes: 64 * 1024,
    readers: 4,
  },
];

const flooderSchema = z.object({
  sent: z.number(),
  refused: z.number(),
  refusal: z.string(),
  seconds: z.number(),
  waitedSeconds: z.number(),
});

const readersSchema = z.object({
  least: z.number(),
  most: z.number(),
  doubled: z.number(),
  gone: z.number(),
  why: z.string(),
});

/** What came of a flood. */
export interface FloodOutcome {
  /** Messages a second that the socket took, refused or not. */
  readonly sentPerSecond: number;
  /** Part of the time in which the socket took nothing: the broker held the publisher back. */
  readonly waitedShare: number;
  /** Connections that ended with a refusal. */
  readonly refused: number;
  /** What should not have been; empty if all is well. */
  readonly problems: readonly string[];
}

/** A flood that is on. */
export interface RunningFlood {
  /** Ends it when everything was carried out, and looks whether all of it has come. */
  readonly stop: () => Promise<FloodOutcome>;
}

/** The measured broker and its load generator come before those who flood and read. */
const NICE = ["nice", "-n", "10"];

/** Lets a flood go; settles when its readers are there and it has begun. */
export async function startFlood(flood: Flood, { url }: RunningPeer): Promise<RunningFlood> {
  const { destination, readers: count } = flood;
  const readers = count === 0 ? undefined : start("readers.ts", [url, destination, `${count}`]);
  await readers?.line();
  const flooder = start("flooder.ts", [url, destination, `${flood.bodyBytes}`]);
  await flooder.line();
  return {
    stop: async () => {
      const sent = flooderSchema.parse(JSON.parse(await flooder.end()));
      const read = readers && readersSchema.parse(JSON.parse(await readers.end()));
      return {
        sentPerSecond: sent.sent / sent.seconds,
        waitedShare: sent.waitedSeconds / sent.seconds,
        refused: sent.refused,
        problems: problemsOf(flood, { sent, read }),
      };
    },
  };
}

function problemsOf(
  { title, refusal = "", destination }: Flood,
  outcome: {
    readonly sent: z.infer<typeof flooderSchema>;
    readonly read: z.infer<typeof readersSchema> | undefined;
  },
): string[] {
  const { sent, read } = outcome;
  const problems: string[] = [];
  if (sent.refused > 0 && sent.refusal !== refusal) {
    problems.push(`Refused by ${destination}: ${sent.refusal}, expected ${refusal || "nothing"}`);
  }
  if (read !== undefined && read.gone > 0) {
    problems.push(`Lost ${read.gone} readers of ${title}: ${read.why}`);
  }
  if (read !== undefined && (read.least !== sent.sent || read.most !== sent.sent)) {
    problems.push(`Lost messages of ${sent.sent} to readers of ${title}: ${read.least} came`);
  }
  if (read !== undefined && read.doubled > 0) {
    problems.push(`Doubled messages to readers of ${title}: ${read.doubled}`);
  }
  return problems;
}

/** A program of this folder that says when it is there, and what came of it once its input ends. */
function start(file: string, words: readonly string[]) {
  const child = Bun.spawn([...NICE, process.execPath, join(import.meta.dir, file), ...words], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = child.stdout.getReader();
  const decoder = new TextDecoder();
  const line = async (): Promise<string> => {
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`Cannot run ${file}: it ended and said ${JSON.stringify(text)}`);
      text += decoder.decode(value);
    }
    return text;
  };
  return {
    line,
    end: async (): Promise<string> => {
      await child.stdin.end();
      const last = await line();
      await child.exited;
      return last;
    },
  };
}

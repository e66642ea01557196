import { Decoder } from "../../src/protocol/decoder.ts";
import type { Frame } from "../../src/protocol/frame.ts";

/** What a scripted broker does with one of its clients. */
export interface ScriptedPeer {
  /** Writes as it is; `^@` stands for NUL. */
  readonly write: (text: string) => void;
  /** Says goodbye. */
  readonly end: () => void;
  /** Ends without a goodbye. */
  readonly cut: () => void;
  /** Reads nothing any more. */
  readonly stall: () => void;
  readonly flow: () => void;
}

/** A broker over TCP that answers as a test has it. */
export interface ScriptedBroker {
  readonly url: string;
  /** Frames received, in order. */
  readonly frames: readonly Frame[];
  /** Settles once so many frames of that command were received. */
  readonly received: (command: string, count?: number) => Promise<Frame>;
  readonly stop: () => void;
}

const LIMITS = { frameBytesMax: 64 * 1024 ** 2, headersMax: 1000, headerLineBytesMax: 64 * 1024 };

/** Starts a broker that gives every frame to `answer`. It must be stopped. */
export function startScriptedBroker(
  answer: (frame: Frame, peer: ScriptedPeer) => void,
): ScriptedBroker {
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const listener = Bun.listen<{ decoder: Decoder }>({
    hostname: "127.0.0.1",
    port: 0,
    data: { decoder: new Decoder(LIMITS) },
    socket: {
      open: (socket) => {
        socket.data = { decoder: new Decoder(LIMITS) };
      },
      data: (socket, bytes) => {
        const { decoder } = socket.data;
        const peer: ScriptedPeer = {
          write: (text) => socket.write(text.replaceAll("^@", "\0")),
          end: () => socket.end(),
          cut: () => socket.terminate(),
          stall: () => socket.pause(),
          flow: () => socket.resume(),
        };
        decoder.push(new Uint8Array(bytes));
        for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
          frames.push(frame);
          answer(frame, peer);
        }
        for (const look of [...waiting]) look();
      },
    },
  });
  return {
    url: `tcp://127.0.0.1:${listener.port}`,
    frames,
    received: (command, count = 1) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = frames.filter((frame) => frame.command === command)[count - 1];
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    stop: () => listener.stop(true),
  };
}

/** Bytes of a server as a WebSocket or a TCP stream carries them. */

import { type Pieces, TcpPieces, WsPieces } from "../../src/bench/pieces.ts";
import type { Scanner } from "../../src/bench/scanner.ts";

/** A WebSocket frame of a server; `first` is its first octet. */
export function serverFrame(payload: string | Uint8Array, first = 0x81): Uint8Array {
  const bytes = Buffer.from(payload);
  const { length } = bytes;
  const head =
    length < 126
      ? [first, length]
      : length < 65_536
        ? [first, 126, length >> 8, length & 255]
        : [first, 127, 0, 0, 0, 0, ...Buffer.from(Uint32Array.of(length).buffer).reverse()];
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** What a scanner finds in chunks: every frame from its beginning to the end of its body. */
export function scan(
  make: (pieces: Pieces) => Scanner,
  { carrier, chunks }: { readonly carrier: "ws" | "tcp"; readonly chunks: readonly Uint8Array[] },
): { readonly frames: string[]; readonly pings: string[]; readonly closes: string[] } {
  const frames: string[] = [];
  const pings: string[] = [];
  const closes: string[] = [];
  const pieces =
    carrier === "tcp"
      ? new TcpPieces()
      : new WsPieces({
          ping: (payload) => pings.push(Buffer.from(payload).toString()),
          close: (text) => closes.push(text),
        });
  const scanner = make(pieces);
  for (const chunk of chunks) {
    scanner.push(chunk);
    while (scanner.next()) {
      frames.push(Buffer.from(scanner.bytes.subarray(scanner.start, scanner.end)).toString());
    }
  }
  return { frames, pings, closes };
}

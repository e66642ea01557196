const ROW_BYTES = 16;

/** Bytes in lines of sixteen: where, as numbers, as ASCII; a dot for what is no visible ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; from += ROW_BYTES) {
    const row = bytes.subarray(from, from + ROW_BYTES);
    const numbers = [...row].map((byte) => byte.toString(16).padStart(2, "0"));
    const halves = [numbers.slice(0, 8).join(" "), numbers.slice(8).join(" ")];
    const text = [...row].map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
    );
    const place = from.toString(16).padStart(8, "0");
    lines.push(`${place}  ${halves.join("  ").padEnd(48)}  ${text.join("")}`);
  }
  return lines.join("\n");
}

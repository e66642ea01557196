/** Numbers as a person reads them in a row: short, and always of about the same width. */

/** Bytes: `512 B`, `1.4 KiB`, `256 MiB`. */
export function readableBytes(bytes: number): string {
  for (const [unit, factor] of BYTE_UNITS) {
    if (bytes >= factor * ROUNDS_UP) return `${threeDigits(bytes / factor)} ${unit}`;
  }
  return `${Math.round(bytes)} B`;
}

/** How much a second, or any other number that may be large: `0`, `0.4`, `12`, `1.2k`, `34M`. */
export function readableRate(perSecond: number): string {
  for (const [unit, factor] of RATE_UNITS) {
    if (perSecond >= factor * ROUNDS_UP) return `${threeDigits(perSecond / factor)}${unit}`;
  }
  return threeDigits(perSecond);
}

/** How long ago, in its largest unit: `0 s`, `59 s`, `3 m`, `5 h`, `12 d`. */
export function readableAge(ms: number): string {
  const seconds = Math.max(ms, 0) / 1000;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** A short time: `0.04 ms`, `1.2 ms`, `12 ms`, `1.5 s`. */
export function readableTime(ms: number): string {
  if (ms < 0.995) return `${Number(ms.toFixed(2))} ms`;
  return ms < 1000 * ROUNDS_UP ? `${threeDigits(ms)} ms` : `${threeDigits(ms / 1000)} s`;
}

/** How many there are of something: `1 message`, `12 messages`. */
export function readableCount(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`;
}

/** From here on a number is shown as one of the next unit: 1000 KiB would be a digit too many. */
const ROUNDS_UP = 0.9995;
const BYTE_UNITS = [
  ["GiB", 1024 ** 3],
  ["MiB", 1024 ** 2],
  ["KiB", 1024],
] as const;
const RATE_UNITS = [
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
] as const;

function threeDigits(value: number): string {
  if (value >= 9.95) return String(Math.round(value));
  const rounded = value.toFixed(1);
  return rounded.endsWith(".0") ? rounded.slice(0, -2) : rounded;
}

/** Sizes and times between the way people write them and numbers. */

const SIZE_UNITS = new Map([
  ["", 1],
  ["b", 1],
  ["kib", 1024],
  ["mib", 1024 ** 2],
  ["gib", 1024 ** 3],
]);
const DURATION_UNITS = new Map([
  ["", 1],
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** A number with a unit as a plain number; anything else as it came, for the schema to refuse. */
function measure(value: unknown, units: ReadonlyMap<string, number>): unknown {
  if (typeof value !== "string") return value;
  const [, digits, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(value) ?? [];
  const factor = units.get(unit.toLowerCase());
  if (digits === undefined || factor === undefined) return value;
  // 1.1MiB is no whole number of bytes, and nobody who writes it means one.
  return Math.round(Number(digits) * factor);
}

/** A text such as `4MiB` as a number of bytes; anything else as it came, for a schema to refuse. */
export function readSize(value: unknown): unknown {
  return measure(value, SIZE_UNITS);
}

/** A text such as `10s` as milliseconds; anything else as it came, for a schema to refuse. */
export function readDuration(value: unknown): unknown {
  return measure(value, DURATION_UNITS);
}

/** A number of bytes, as a person writes it: `4MiB`. */
export function formatSize(bytes: number): string {
  for (const [unit, factor] of [
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/** A number of milliseconds, as a person writes it: `10s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0";
  for (const [unit, factor] of [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const) {
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}

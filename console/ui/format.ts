/** Numbers, sizes and times as people read them. Widths stay the same where they can. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const ABOUT = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });

/** A whole number with separators: `12,345`. */
export function formatCount(count: number): string {
  return WHOLE.format(count);
}

/** A number in few characters: `12.3K`. */
export function formatShort(count: number): string {
  return Math.abs(count) < 10_000 ? WHOLE.format(count) : SHORT.format(count);
}

/** Something per second: `0`, `0.4`, `12`, `3,400`; what is almost nothing is `<0.1`. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 0.1) return "<0.1";
  return perSecond < 9.95 ? TENTHS.format(perSecond) : formatShort(perSecond);
}

/** Bytes: `0 B`, `980 B`, `1.2 KiB`, `64 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const isShort = unit > 0 && value < 9.95;
  return `${isShort ? TENTHS.format(value) : WHOLE.format(value)} ${units[unit]}`;
}

/** How long something takes, in ms: `0.4 ms`, `230 ms`, `1.5 s`. */
export function formatMs(ms: number): string {
  if (ms < 9.95) return `${ms === 0 ? "0" : TENTHS.format(ms)} ms`;
  if (ms < 999.5) return `${WHOLE.format(ms)} ms`;
  return ms < 9_950 ? `${ABOUT.format(ms / 1_000)} s` : formatDuration(ms);
}

/** A while in its two largest units: `4 s`, `2 min 5 s`, `3 h 0 min`, `2 d 4 h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/** A while in one unit, for columns: `4 s`, `2 min`, `3 h`, `12 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** The time of day of ms since the epoch: `09:05:02`, with ms `09:05:02.041`. */
export function formatClock(at: number, { ms = false }: { readonly ms?: boolean } = {}): string {
  const date = new Date(at);
  const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => pad(n));
  return clock.join(":") + (ms ? `.${pad(date.getMilliseconds(), 3)}` : "");
}

/** Date and time of day, for titles and details: `2026-11-23 09:05:02`. */
export function formatDateTime(at: number): string {
  const date = new Date(at);
  const pad = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${formatClock(at)}`;
}

/** A count with the word for it: `1 message`, `3 messages`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** Address and port of a peer as one writes them. */
export function formatPeer(peer: { readonly address: string; readonly port: number }): string {
  return peer.address.includes(":")
    ? `[${peer.address}]:${peer.port}`
    : `${peer.address}:${peer.port}`;
}

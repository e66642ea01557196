/** What the name of a topic tells. */

/** Wildcards for any number of segments, none too. */
const RESTS = [">", "#", "**"];

/** Whether a segment of it stands for others. */
export function isWildcardName(name: string): boolean {
  return name.split(/[./]/).some((segment) => segment === "*" || RESTS.includes(segment));
}

/** Whether the broker alone speaks there. */
export function isSystemName(name: string): boolean {
  return /^\$system(?:[./]|$)/.test(name);
}

/** A pattern's path with `*` for anything: all that it covers, and perhaps more. */
export function globOf(path: string): string {
  // A rest may be nothing, and then what separates it is not there.
  const glob = path.slice("/topic/".length).replace(/[./]?(?:>|#|\*\*)[./]?/g, "*");
  return `/topic/${glob}`;
}

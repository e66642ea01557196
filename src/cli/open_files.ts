/** How many connections the operating system lets this process have. */

import type { Config } from "../config.ts";
import type { Terminal } from "./terminal.ts";

/** A configuration that fits, and what there is to tell of it. */
export interface FittedConfig {
  readonly config: Config;
  /** Says what was lowered and why; undefined when nothing was. */
  readonly notice?: string;
}

/** Files for listeners, pages, the log, and HTTP requests, which count as no connection. */
const RESERVED_MIN = 64;
const RESERVED_SHARE = 0.05;

/**
 * Lowers `limits.connectionsMax` to what the limit of open files leaves room
 * for, since every connection is an open file and a broker out of them can
 * neither accept nor refuse. Changes nothing where that limit cannot be read,
 * which is everywhere but on Linux.
 */
export function fitToOpenFiles(
  config: Config,
  { readText }: Pick<Terminal, "readText">,
): FittedConfig {
  const files = openFilesMax(readText);
  if (files === undefined) return { config };
  const wanted = config.limits.connectionsMax;
  const reserved = Math.max(RESERVED_MIN, Math.ceil(files * RESERVED_SHARE));
  const connectionsMax = Math.max(1, files - Math.min(reserved, Math.ceil(files / 2)));
  if (wanted <= connectionsMax) return { config };
  return {
    config: { ...config, limits: { ...config.limits, connectionsMax } },
    notice: `Lowered limits.connections-max from ${wanted} to ${connectionsMax}: this process may open ${files} files (ulimit -n), and every connection is one`,
  };
}

/** The limit in force, in files; undefined when there is none or none can be read. */
function openFilesMax(readText: Terminal["readText"]): number | undefined {
  let text: string;
  try {
    text = readText("/proc/self/limits");
  } catch {
    return undefined;
  }
  const [, files] = /^Max open files\s+(\d+)\s/m.exec(text) ?? [];
  return files === undefined ? undefined : Number(files);
}

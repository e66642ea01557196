/** Reads the configuration again while the broker runs, and tells what came of it. */

import {
  changesBetween,
  type Config,
  type ConfigChange,
  formatDuration,
  formatSize,
  restartReasons,
} from "../config.ts";
import type { Log, LogLevel } from "../observe/log.ts";
import { ReloadError, type Stompbox } from "../stompbox.ts";
import { type FittedConfig, fitToOpenFiles } from "./open_files.ts";
import type { Arguments } from "./parse_arguments.ts";
import { loadSettings } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** What {@link createReload} builds on. */
export interface ReloadParts {
  readonly terminal: Terminal;
  /** The command line, whose flags hold as before. */
  readonly given: Arguments;
  readonly stompbox: Pick<Stompbox, "reload">;
  readonly log: Log;
  /** What the broker was started with. */
  readonly started: FittedConfig;
}

/** Why the configuration is read again: someone asked for it, or its file has changed. */
export type ReloadReason = "asked" | "changed";

/**
 * Makes the function that reads the configuration again and puts it in force,
 * whole or not at all; the log says which. One reload after the other: what is
 * asked for while one is on its way comes after it, once.
 */
export function createReload(parts: ReloadParts): (reason: ReloadReason) => Promise<void> {
  let running: Promise<void> | undefined;
  let next: ReloadReason | undefined;
  let inForce = parts.started;
  const run = async (): Promise<void> => {
    for (let reason = next; reason !== undefined; reason = next) {
      next = undefined;
      inForce = (await reload({ ...parts, started: inForce }, reason)) ?? inForce;
    }
    running = undefined;
  };
  return (reason) => {
    // Whoever asked is told also when nothing differs.
    next = next === "asked" ? next : reason;
    running ??= run();
    return running;
  };
}

/** The least level that is logged, as `--log` and `--quiet` have it together. */
export function logLevelOf({ log, quiet }: Pick<Config, "log" | "quiet">): LogLevel {
  return quiet && log === "info" ? "warn" : log;
}

/** What is in force now; undefined when it is what was before. */
async function reload(parts: ReloadParts, reason: ReloadReason): Promise<FittedConfig | undefined> {
  const { terminal, given, stompbox, log, started: before } = parts;
  const refuse = (reasons: readonly string[]): undefined => {
    const text = `Configuration not reloaded, the old one stays: ${reasons.join("; ")}`;
    log.observe({ type: "config-refused", text, reasons });
  };
  try {
    const result = loadSettings(given, terminal);
    if ("mistakes" in result) {
      const { config, origins } = result.rest;
      const changes = changesBetween(before.config, config);
      // What has a mistake, or is left out for one, is as by default: that is no wish.
      const wanted = changes.filter(({ option }) => origins.has(option.name));
      return refuse([...result.mistakes, ...restartReasons(wanted)]);
    }
    const after = fitToOpenFiles(result.settings.config, terminal);
    const changes = (await stompbox.reload(after.config)).map(changeText);
    const tell = (): void => {
      const { notice } = after;
      if (notice !== undefined && notice !== before.notice) {
        log.observe({ type: "notice", text: notice });
      }
      if (changes.length === 0 && reason === "changed") return;
      const what = changes.length === 0 ? "nothing differs" : changes.join(", ");
      log.observe({ type: "config-reloaded", text: `Configuration reloaded: ${what}`, changes });
    };
    // A change of the level itself is told where either of the two lets it.
    const isToldBefore = ["debug", "info"].includes(logLevelOf(before.config));
    if (isToldBefore) tell();
    log.setLevel(logLevelOf(after.config));
    if (!isToldBefore) tell();
    return after;
  } catch (error) {
    if (error instanceof ReloadError) return refuse(error.reasons);
    return refuse([error instanceof Error ? error.message : String(error)]);
  }
}

/** Such as `log debug (was info)`. */
function changeText({ option, before, after }: ConfigChange): string {
  const { key, kind } = option;
  if (kind === "rules" && Array.isArray(after)) {
    return `${key} changed, now ${after.length === 1 ? "1 rule" : `${after.length} rules`}`;
  }
  return `${key} ${valueText(option, after)} (was ${valueText(option, before)})`;
}

/** Characters shown of a value: of a list of many items nobody reads the end. */
const VALUE_SHOWN = 200;

function valueText({ kind }: ConfigChange["option"], value: unknown): string {
  if (value === undefined) return "none";
  if (kind === "size" && typeof value === "number") return formatSize(value);
  if (kind === "duration" && typeof value === "number") return formatDuration(value);
  const text = Array.isArray(value) ? value.join(", ") : String(value);
  if (text === "") return "none";
  return text.length > VALUE_SHOWN ? `${text.slice(0, VALUE_SHOWN)}…` : text;
}

import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import type { RunLine } from "./raw_line.ts";
import type { RunSize } from "./workloads.ts";

/** The first line of a comparison: when, what and where it is run. */
export function describeRun(run: {
  readonly startedAt: Date;
  readonly rounds: number;
  readonly size: RunSize;
  /** Folder of the project. */
  readonly root: string;
}): RunLine {
  const { startedAt, rounds, size, root } = run;
  const all = cpus();
  return {
    kind: "run",
    startedAt: startedAt.toISOString(),
    commit: commitOf(root),
    rounds,
    machine: {
      system: systemName(),
      kernel: release(),
      cpu: all[0]?.model.trim() ?? "unknown",
      cores: all.length,
      memoryGiB: Math.round(totalmem() / 1024 ** 3),
    },
    bun: Bun.version,
    size: { ...size },
  };
}

/** Files that a process here may have open, connections among them. */
export function openFilesMax(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  return Number(/^Max open files +\S+ +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** The commit that is checked out, and whether something was changed since; empty outside of git. */
function commitOf(root: string): string {
  const git = (...args: string[]): string =>
    Bun.spawnSync(["git", ...args], { cwd: root, stderr: "ignore" })
      .stdout.toString()
      .trim();
  const hash = git("rev-parse", "--short", "HEAD");
  if (hash === "") return "";
  return git("status", "--porcelain", "src") === "" ? hash : `${hash} and changes`;
}

function systemName(): string {
  try {
    return (
      /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux"
    );
  } catch {
    return process.platform;
  }
}

import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readProcessUsage } from "../../src/bench/process_usage.ts";

describe.skipIf(process.platform !== "linux")("what a process uses", () => {
  test("is its memory and its CPU time", () => {
    const usage = readProcessUsage([process.pid]);
    expect(usage.residentKiB * 1024).toBeGreaterThan(process.memoryUsage.rss() / 2);
    expect(usage.cpuSeconds).toBeGreaterThan(0);
  });

  test("is told as the sum over all that are named", () => {
    const one = readProcessUsage([process.pid]);
    const twice = readProcessUsage([process.pid, process.pid]);
    expect(twice.residentKiB).toBeGreaterThan(1.5 * one.residentKiB);
    expect(twice.cpuSeconds).toBeGreaterThanOrEqual(2 * one.cpuSeconds);
  });

  test("is found behind a name that looks like the fields after it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stompbox-usage-"));
    const program = join(folder, ") R 9 9 (");
    symlinkSync("/bin/sh", program);
    const child = Bun.spawn([program, "-c", "echo; read _"], { stdin: "pipe", stdout: "pipe" });
    await child.stdout.getReader().read();
    expect(readFileSync(`/proc/${child.pid}/stat`, "utf8")).toContain("() R 9 9 ()");
    expect(readProcessUsage([child.pid]).cpuSeconds).toBeLessThan(1);
    child.stdin.end();
    await child.exited;
    rmSync(folder, { recursive: true });
  });

  test("cannot be told of one that is not there", () => {
    expect(() => readProcessUsage([process.pid, 999_999_999])).toThrow(
      "Cannot look at process 999999999: nothing in /proc/999999999, expected a running process, on Linux",
    );
  });
});

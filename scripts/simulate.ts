/**
 * Simulates the broker with many seeds: `bun run scripts/simulate.ts [FIRST] [COUNT]`.
 * A single seed prints every step.
 */
import { simulate } from "../test/sim/simulation.ts";

const first = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? (process.argv[2] === undefined ? 1_000 : 1));
const traced = count === 1;
let failed = 0;
for (let seed = first; seed < first + count; seed++) {
  const report = simulate({ seed, traced });
  if (traced) {
    console.log(report.steps.join("\n"));
    console.log(report.counts);
  }
  if (report.violations.length === 0) continue;
  failed++;
  console.log(`seed ${seed} (${report.profile})\n  ${report.violations.join("\n  ")}`);
}
console.log(`${count - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

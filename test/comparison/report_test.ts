import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { readRawLines } from "../../bench/raw_line.ts";
import { replaceBlock, resultsChart, resultsText } from "../../bench/report.ts";
import { measurementsOf, resultsTable, shownNumber } from "../../bench/results_table.ts";
import { describeRun } from "../../bench/machine.ts";
import { FULL_SIZE } from "../../bench/workloads.ts";
import { measured } from "./measured.ts";

const BENCH = join(import.meta.dir, "../../bench");
const run = describeRun({ startedAt: new Date(0), rounds: 1, size: FULL_SIZE, root: BENCH });

describe("the table", () => {
  test("has a row for each server, its ratio, and whether the target is met", () => {
    const table = resultsTable([
      run,
      measured(["stompbox", 1], { deliveries: 500_000 }),
      measured(["nats", 1], { deliveries: 1_000_000 }),
      measured(["bare-forward", 1], { deliveries: 2_000_000 }),
      measured(["rabbitmq", 1], { deliveries: 5_000 }),
    ]);
    expect(table.split("\n").slice(2)).toEqual([
      "| 50 pairs, a topic each: deliveries per second of server CPU, in thousands | stompbox | 500 (500 to 500) |  |  |  |",
      "|  | nats-server | 1,000 (1,000 to 1,000) | 0.5 (0.5 to 0.5) | ≥ 0.45 | met |",
      "|  | bare, batched, one to one | 2,000 (2,000 to 2,000) | 0.25 (0.25 to 0.25) | ≥ 0.65 | **missed** |",
      "|  | RabbitMQ | 5 (5 to 5) | 100 (100 to 100) |  |  |",
    ]);
  });

  test("tells below what went wrong", () => {
    const table = resultsTable([
      run,
      measured(["stompbox", 1], { deliveries: 1 }),
      measured(["nats", 1], { deliveries: 1, problem: "Lost 3 of 8 messages" }),
    ]);
    expect(table).toContain("|  | nats-server | failed |");
    expect(table.split("\n").at(-1)).toBe(
      "- 50 pairs, a topic each, nats-server: Lost 3 of 8 messages",
    );
  });
});

test("of a workload that several runs have, only the last one counts", () => {
  const first = measured(["stompbox", 1], { deliveries: 1 });
  const second = measured(["stompbox", 1], { deliveries: 2 });
  const other = measured(["stompbox", 1], { deliveries: 3, workload: "queue-auto" });
  expect(measurementsOf([run, first, other, run, second])).toEqual([second, other]);
});

test.each([
  [0.03456, "0.0346"],
  [1.5, "1.5"],
  [99.94, "99.9"],
  [123.4, "123"],
  [3812.6, "3,813"],
])("%d is shown as %s", (value, expected) => {
  expect(shownNumber(value)).toBe(expected);
});

describe("the chart", () => {
  const svg = resultsChart([
    run,
    measured(["stompbox", 1], { deliveries: 500_000 }),
    measured(["stompbox-tcp", 1], { deliveries: 500_000 }),
    measured(["nats", 1], { deliveries: 1_000_000 }),
  ]);

  test("has bars as long as their values, and leaves the same broker over TCP out", () => {
    const widths = [...svg.matchAll(/<rect class="(\w+)"[^>]* width="([\d.]+)"/g)]
      .map(([, kind, width]) => [kind, Number(width)] as const)
      .filter(([kind]) => kind !== "page");
    expect(widths.map(([kind]) => kind)).toEqual(["own", "other"]);
    const [own = 0, other = 0] = widths.map(([, width]) => width);
    expect(own * 2).toBeCloseTo(other, 0);
  });

  test("is an image that can be read, with the figures in it", () => {
    const text = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]);
    expect(text).toContain("50 pairs, a topic each");
    expect(text).toContain("1,000");
    expect(svg).toContain("prefers-color-scheme: dark");
    expect(svg.match(/<(?!\/|\w+[^>]*\/>)\w+/g)?.length).toBe(svg.match(/<\/\w+>/g)?.length);
  });
});

describe("a block of a document", () => {
  const block = { name: "results", content: "new" };

  test("is replaced between its marks", () => {
    const text = "before\n<!-- results -->\n\nold\n\n<!-- /results -->\nafter\n";
    expect(replaceBlock(text, block)).toBe(
      "before\n<!-- results -->\n\nnew\n\n<!-- /results -->\nafter\n",
    );
  });

  test.each(["no marks", "<!-- results --> and no end", "<!-- /results --> alone"])(
    "%j stays as it is",
    (text) => expect(replaceBlock(text, block)).toBe(text),
  );
});

test.each([
  ["{", "Cannot read line 2 of a.jsonl: "],
  ['{"kind":"something"}', "Cannot read line 2 of a.jsonl: "],
  ['{"kind":"peer","peer":"nats","version":3,"settings":""}', "version"],
])("a raw line %s is refused by its number", (line, expected) => {
  const good = JSON.stringify(run);
  expect(() => readRawLines(`${good}\n${line}\n`, "a.jsonl")).toThrow(expected);
});

const published = readdirSync(join(BENCH, "results"))
  .filter((name) => name.endsWith(".jsonl"))
  .sort()
  .map((name) => join(BENCH, "results", name));

test.skipIf(published.length === 0)(
  "what is published is what the newest raw lines come to: npx bun bench/report.ts writes it",
  async () => {
    const path = published.at(-1) ?? "";
    const lines = readRawLines(await Bun.file(path).text(), basename(path));
    expect(await Bun.file(join(BENCH, "README.md")).text()).toContain(
      resultsText({ lines, source: basename(path) }),
    );
    expect(await Bun.file(join(BENCH, "results", "chart.svg")).text()).toBe(resultsChart(lines));
  },
);

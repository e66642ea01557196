import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { readHead } from "../../src/protocol/frame.ts";
import { VERSION_RULES } from "../../src/protocol/version.ts";
import { Interner } from "../../src/session/interner.ts";
import { PreparedSend } from "../../src/session/prepared_send.ts";

const READING = {
  rules: VERSION_RULES["1.2"],
  limits: { headersMax: 100, headerLineBytesMax: 1_000_000 },
};
const NOW = 1_700_000_000_000;

/** Headers of a message with three bytes of body. */
function headersOf(block: string, interner = new Interner()): PreparedSend["headers"] {
  const head = readHead("SEND", block, READING);
  const makeHeaders = (lines: string) => interner.headersOf(lines);
  const prepared = new PreparedSend(head, { varies: [], makeHeaders });
  prepared.fill({ ...head, body: "abc" }, NOW);
  return prepared.headers;
}

const LINES: readonly {
  readonly what: string;
  readonly block: string;
  readonly lines: string | undefined;
}[] = [
  {
    what: "all of them, and what the broker adds",
    block: "destination:/queue/a\nown:1\n",
    lines: `destination:/queue/a\nown:1\ntimestamp:${NOW}\ncontent-length:3\n`,
  },
  {
    what: "those that are left when some are the broker's",
    block: "destination:/queue/a\nreceipt:r-1\nown:1\n",
    lines: `destination:/queue/a\nown:1\ntimestamp:${NOW}\ncontent-length:3\n`,
  },
  {
    what: "just as they came when nothing is to add",
    block: "destination:/queue/a\ntimestamp:1\ncontent-length:3\n",
    lines: "destination:/queue/a\ntimestamp:1\ncontent-length:3\n",
  },
  {
    what: "not as lines where one has an escape",
    block: "destination:/queue/a\nreceipt:r-1\nown:a\\cb\n",
    lines: undefined,
  },
];

test.each([...LINES])("The sender's lines go on: $what", ({ block, lines }) => {
  expect(headersOf(block).between).toBe(lines === undefined ? undefined : `\n${lines}\n`);
});

test("Messages that come alike in one millisecond share their headers, whatever receipt each asks for", () => {
  const interner = new Interner();
  const first = headersOf("destination:/queue/a\nreceipt:r-1\n", interner);
  const second = headersOf("destination:/queue/a\nreceipt:r-2\n", interner);
  expect(second).toBe(first);
});

test.each([
  ["all are sent on", "destination:/queue/a\ntimestamp:1\ncontent-length:3\n"],
  ["some are taken out", "destination:/queue/a\nreceipt:r-1\ntimestamp:1\ncontent-length:3\n"],
])("Headers keep nothing alive of the frame they came in: %s", (_how, block) => {
  const FRAMES = 300;
  const FRAME_BYTES = 100_000;
  const kept: unknown[] = [];
  Bun.gc(true);
  const before = heapStats().heapSize;
  for (let i = 0; i < FRAMES; i++) {
    const frame = Buffer.from(`${block}own:${i}\n${"x".repeat(FRAME_BYTES)}`).toString();
    kept.push(headersOf(frame.slice(0, frame.indexOf("x"))));
  }
  Bun.gc(true);
  expect(heapStats().heapSize - before).toBeLessThan((FRAMES * FRAME_BYTES) / 4);
  expect(kept.length).toBe(FRAMES);
});

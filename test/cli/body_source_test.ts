import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type Body, InputError, openBodies } from "../../src/cli/body_source.ts";
import type { Terminal } from "../../src/cli/terminal.ts";
import { RUN_SEED } from "../support/seeded_random.ts";
import { fakeTerminal } from "./fake_terminal.ts";

async function* pieces(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

function reading(chunks: () => AsyncIterable<Uint8Array>): Terminal {
  return { ...fakeTerminal(), input: { ...fakeTerminal().input, isTerminal: false, chunks } };
}

async function collect(bodies: ReturnType<typeof openBodies>): Promise<Body[]> {
  if (typeof bodies === "string") throw new Error(bodies);
  const all: Body[] = [];
  for await (const body of bodies) all.push(body);
  return all;
}

/** Bytes cut into pieces. */
const cutBytes = fc
  .tuple(
    fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => bytes.map((byte) => (byte % 5 === 0 ? 10 : byte))),
    fc.array(fc.nat(60), { maxLength: 8 }),
  )
  .map(([bytes, cuts]) => {
    const at = [
      0,
      ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
      bytes.length,
    ];
    return { bytes, chunks: at.slice(1).map((end, index) => bytes.slice(at[index] ?? 0, end)) };
  });

const bytesOf = (body: Body): Buffer => Buffer.from(body);

describe("bodies", () => {
  test("are whole, however the input was cut", async () => {
    await fc.assert(
      fc.asyncProperty(cutBytes, async ({ bytes, chunks }) => {
        const terminal = reading(() => pieces(chunks));
        const bodies = await collect(openBodies({ lines: false }, terminal));
        expect(bodies.map(bytesOf)).toEqual([Buffer.from(bytes)]);
      }),
      { seed: RUN_SEED },
    );
  });

  test("of lines are the lines, however the input was cut", async () => {
    await fc.assert(
      fc.asyncProperty(cutBytes, async ({ bytes, chunks }) => {
        const terminal = reading(() => pieces(chunks));
        const bodies = await collect(openBodies({ lines: true }, terminal));
        const latin = Buffer.from(bytes).toString("latin1");
        const expected = latin === "" ? [] : latin.replace(/\n$/, "").split("\n");
        expect(bodies.map((body) => bytesOf(body).toString("latin1"))).toEqual(expected);
      }),
      { seed: RUN_SEED },
    );
  });

  test("are text exactly if they are UTF-8", async () => {
    const chunks = [
      Buffer.from("grün\n"),
      Buffer.from([0xff, 10]),
      Buffer.from([0xc3]),
      Buffer.from([0xa4, 10]),
    ];
    const bodies = await collect(
      openBodies(
        { lines: true },
        reading(() => pieces(chunks)),
      ),
    );
    expect(bodies[0]).toBe("grün");
    expect(bodies[1]).toBeInstanceOf(Uint8Array);
    expect(bodies[2]).toBe("ä");
  });

  test.each([[true], [false]])("end where there is no end in sight (lines: %p)", async (lines) => {
    const chunk = new Uint8Array(1024 ** 2).fill(120);
    let given = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        given++;
        yield chunk;
      }
    };
    const outcome: unknown = await collect(openBodies({ lines }, reading(endless))).catch(
      (error: unknown) => error,
    );
    expect(outcome).toBeInstanceOf(InputError);
    expect(String(outcome)).toContain("has more than 256 MiB");
    expect(given).toBe(257);
  });
});

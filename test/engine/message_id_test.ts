import { expect, test } from "bun:test";
import type { Message } from "../../src/broker/message.ts";
import { engineBench } from "./engine_bench.ts";

test("a message's id is its number behind what all ids of the run begin with, in plain decimals", () => {
  const { publish, engine } = engineBench();
  const messages: Message[] = [];
  for (let i = 0; i < 12_345; i++) messages.push(publish("/topic/a", "").message);
  const [first] = messages;
  const begin = first?.id.slice(0, -1);
  expect(messages.map(({ id }) => id)).toEqual(
    messages.map(({ number }) => `${begin}${String(number)}`),
  );
  expect(messages.map(({ id }) => engine.numberOf(id))).toEqual(
    messages.map(({ number }) => number),
  );
  expect(messages.at(-1)?.number).toBe(12_345);
});

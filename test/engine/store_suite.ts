import { describe, expect, test } from "bun:test";
import type { Store } from "../../src/engine/store.ts";
import { fakeMessage } from "../broker/fake_consumer.ts";
import { until } from "../support/until.ts";

/** What every store must do. `open` makes one with nothing in it. */
export function storeSuite(name: string, open: () => Promise<Store> | Store): void {
  describe(`A store: ${name}`, () => {
    const put = (...ids: readonly number[]) => ({
      put: ids.map((id) => ({ queue: "/queue/a", message: fakeMessage(id, { persistent: true }) })),
    });

    test("answers every write once, in the order of the calls, without a fault", async () => {
      const store = await open();
      const answers: string[] = [];
      for (const id of [1, 2, 3]) {
        store.write(put(id), (fault) => answers.push(`${id} ${fault?.code ?? "kept"}`));
      }
      await until("every write is answered", () => answers.length >= 3);
      await store.close();
      expect(answers).toEqual(["1 kept", "2 kept", "3 kept"]);
    });

    test("takes several changes at once, and none", async () => {
      const store = await open();
      let answered = 0;
      store.write(put(1, 2, 3), () => answered++);
      store.write(put(), () => answered++);
      await until("both writes are answered", () => answered === 2);
      await store.close();
    });

    test("may be written to from inside an answer", async () => {
      const store = await open();
      const answers: number[] = [];
      store.write(put(1), () => {
        answers.push(1);
        store.write(put(2), () => answers.push(2));
      });
      await until("both writes are answered", () => answers.length === 2);
      await store.close();
      expect(answers).toEqual([1, 2]);
    });
  });
}

/** One message of a queue or of a durable subscription, as an operator opens it. */
import { describe, expect, test } from "bun:test";
import { send, subscribe } from "../support/steps.ts";
import { adminHouse } from "./admin_house.ts";

const house = adminHouse();
const BROWSE = { after: undefined, limit: 50, bodyBytes: 1 };
const WINDOW = { filter: "", sort: "name", order: "asc", offset: 0, limit: 100 } as const;

describe.each(["queue", "durable subscription"])("A message of a %s", (kind) => {
  const prepare = async () => {
    const { broker, connect, settled } = house();
    const { admin } = broker;
    const peer = await connect({ headers: { "client-id": "ann" } });
    const destination = kind === "queue" ? "/queue/q" : "/topic/t";
    if (kind !== "queue") {
      await subscribe(peer, "/topic/t", {
        ...{ id: "daily", durable: "true" },
        ...{ ack: "client-individual", "prefetch-count": "1" },
      });
    }
    await send(peer, destination, "first, held if durable", "0123456789");
    const [durable] = (await admin.durables(WINDOW)).items;
    const id = durable?.id ?? "";
    const { messages } = await (kind === "queue"
      ? admin.browseQueue({ name: "q", ...BROWSE })
      : admin.browseDurable({ id, ...BROWSE }));
    const one = async (key: string, bodyBytes?: number) =>
      kind === "queue"
        ? admin.queueMessage({ name: "q", key, bodyBytes })
        : admin.durableMessage({ id, key, bodyBytes });
    return { one, key: messages.at(-1)?.key ?? "", settled };
  };

  test("comes whole, or as much of it as was asked for", async () => {
    const { one, key } = await prepare();
    expect(await one(key)).toMatchObject({ body: "0123456789", truncated: false });
    expect(await one(key, 4)).toMatchObject({ body: "0123", truncated: true, bodyBytes: 10 });
    expect(await one(key, 10)).toMatchObject({ body: "0123456789", truncated: false });
  });

  test("that is not there any more is not found", async () => {
    const { one, settled } = await prepare();
    await expect(settled(one("4-99"))).rejects.toThrow('Cannot find message "4-99"');
  });
});

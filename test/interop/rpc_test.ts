/** The remote procedure calls of `@stomp/rx-stomp`: a reply queue that nobody subscribes to, or one that somebody does. */
import { expect, test } from "bun:test";
import { RxStomp, RxStompRPC, type RxStompRPCConfig, RxStompState } from "@stomp/rx-stomp";
import type { IMessage } from "@stomp/stompjs";
import { filter, firstValueFrom, share, take, toArray } from "rxjs";
import { defaultConfig } from "../../src/config.ts";
import { startStompbox } from "../../src/stompbox.ts";

const REQUESTS = "/queue/rpc";

/** How a client may get its replies. */
const DESIGNS: [name: string, config: RxStompRPCConfig][] = [
  ["by the implicit subscription of its reply-to, as with RabbitMQ", {}],
  [
    "by a subscription of its own, as with ActiveMQ",
    {
      replyQueueName: "/temp-queue/mine",
      setupReplyQueue: (name, rx) => rx.watch(name).pipe(share()),
    },
  ],
];

for (const [name, config] of DESIGNS) {
  test(`@stomp/rx-stomp calls and is answered ${name}`, async () => {
    const broker = await startStompbox(defaultConfig({ listen: ["ws://127.0.0.1:0"] }), {
      version: "test",
    });
    const clients: RxStomp[] = [];
    const connect = async (): Promise<RxStomp> => {
      const rx = new RxStomp();
      rx.configure({ brokerURL: broker.addresses[0]?.url ?? "", reconnectDelay: 0 });
      clients.push(rx);
      rx.activate();
      await firstValueFrom(
        rx.connectionState$.pipe(filter((state) => state === RxStompState.OPEN)),
      );
      return rx;
    };
    try {
      const server = await connect();
      const answer = (request: IMessage, body: string): void => {
        const destination = request.headers["reply-to"] ?? "";
        const headers = { "correlation-id": request.headers["correlation-id"] ?? "" };
        server.publish({ destination, body, headers });
      };
      server.watch(REQUESTS).subscribe((request) => {
        answer(request, `${request.body} done`);
        if (request.body.startsWith("stream")) answer(request, `${request.body} more`);
      });
      const rpcs = [await connect(), await connect()].map((rx) => new RxStompRPC(rx, config));
      const calls = rpcs.flatMap((rpc, client) =>
        [1, 2, 3].map(async (call) => {
          const body = `client ${client} call ${call}`;
          const reply = await firstValueFrom(rpc.rpc({ destination: REQUESTS, body }));
          expect(reply.body).toBe(`${body} done`);
        }),
      );
      await Promise.all(calls);
      for (const rpc of rpcs) {
        const replies = rpc.stream({ destination: REQUESTS, body: "stream" });
        const bodies = await firstValueFrom(replies.pipe(take(2), toArray()));
        expect(bodies.map(({ body }) => body)).toEqual(["stream done", "stream more"]);
      }
    } finally {
      for (const rx of clients) await rx.deactivate();
      await broker.stop();
    }
  });
}

/** The frames that are shown to those who look, and what it costs when nobody does. */
import { describe, expect, test } from "bun:test";
import { frameSchema, type FrameInfo } from "../../src/api/values.ts";
import type { RawPeer } from "../support/peer.ts";
import { receive, send, settle, subscribe } from "../support/steps.ts";
import { adminHouse } from "./admin_house.ts";

const house = adminHouse();
const houseOfManyHeaders = adminHouse({ limits: { headersMax: 400 } });

function watch(peer: RawPeer, headers = {}): Promise<void> {
  return subscribe(peer, "/topic/$system/frames", { id: "frames", ...headers });
}

/** The next frame shown. */
async function shown(watcher: RawPeer): Promise<FrameInfo> {
  const message = await watcher.take("MESSAGE", { subscription: "frames" });
  return frameSchema.parse(JSON.parse(message.text));
}

/** The next frame shown of a connection. */
async function shownOf(watcher: RawPeer, connection: number): Promise<FrameInfo> {
  for (;;) {
    const frame = await shown(watcher);
    if (frame.connection === connection) return frame;
  }
}

describe("Frames", () => {
  test("are shown of every connection, both ways, in order, from SEND to MESSAGE to ACK", async () => {
    const { connect } = house();
    const watcher = await connect();
    await watch(watcher);
    const peer = await connect({ headers: { login: "ann", passcode: "hush" } });
    await subscribe(peer, "/queue/q", { ack: "client-individual", receipt: "r" });
    await send(peer, "/queue/q", "x");
    const [message] = await receive(peer, "x");
    await settle(peer, "ACK", message);
    const frames: FrameInfo[] = [];
    while (frames.length < 9) frames.push(await shownOf(watcher, 2));
    expect(frames.map(({ direction, command }) => `${direction} ${command}`)).toEqual([
      "in CONNECT",
      "out CONNECTED",
      "in SUBSCRIBE",
      "out RECEIPT",
      "in SEND",
      // The RECEIPT says that the message is accepted; it may be delivered by then.
      "out MESSAGE",
      "out RECEIPT",
      "in ACK",
      "out RECEIPT",
    ]);
    const id = message?.get("message-id");
    const [connect_, , , , sent, delivered, , acked] = frames;
    expect(sent).toMatchObject({ messageId: id, body: "x", bodyBytes: 1, truncated: false });
    expect(delivered).toMatchObject({ messageId: id, body: "x" });
    expect(delivered?.headers).toContainEqual(["ack", message?.get("ack") ?? ""]);
    expect(delivered?.headers).toContainEqual(["subscription", "s"]);
    expect(acked).toMatchObject({ messageId: id });
    expect(connect_?.headers).toContainEqual(["login", "ann"]);
    expect(connect_?.headers).toContainEqual(["passcode", "••••••"]);
  });

  test("of the watcher itself are shown too, but not those that show frames", async () => {
    const { connect } = house();
    const watcher = await connect();
    await watch(watcher);
    await send(watcher, "/topic/t", "x");
    expect(await shown(watcher)).toMatchObject({ command: "RECEIPT", connection: 1 });
    expect(await shown(watcher)).toMatchObject({ command: "SEND", connection: 1 });
    expect(await shown(watcher)).toMatchObject({ command: "RECEIPT", connection: 1 });
    const peer = await connect();
    await shownOf(watcher, 2);
    await shownOf(watcher, 2);
    await peer.silent();
  });

  test("are chosen by a selector on connection, direction, command and destination", async () => {
    const { connect } = house();
    const watcher = await connect();
    const selector =
      "command = 'SEND' AND connection = 2 AND \"frame-destination\" LIKE '/queue/%'";
    await watch(watcher, { selector });
    const peer = await connect();
    await send(peer, "/topic/t", "no");
    await send(watcher, "/queue/q", "no");
    await send(peer, "/queue/q", "yes");
    expect(await shown(watcher)).toMatchObject({ connection: 2, command: "SEND", body: "yes" });
  });

  test("an ERROR is shown, and what it was about", async () => {
    const { connect } = house();
    const watcher = await connect();
    await watch(watcher);
    const peer = await connect();
    peer.frame("NONSENSE", { a: "b" });
    await peer.refused("unknown-command");
    await shownOf(watcher, 2);
    await shownOf(watcher, 2);
    expect(await shownOf(watcher, 2)).toMatchObject({ command: "NONSENSE", direction: "in" });
    const error = await shownOf(watcher, 2);
    expect(error).toMatchObject({ command: "ERROR", direction: "out" });
    expect(error.headers).toContainEqual(["code", "unknown-command"]);
  });

  test("are cut where a body is long, and come as base64 where it is no text", async () => {
    const { connect } = house();
    const watcher = await connect();
    await watch(watcher, { selector: "command = 'SEND'" });
    const peer = await connect();
    await send(peer, "/topic/t", "é".repeat(100_000));
    const long = await shown(watcher);
    expect(long).toMatchObject({ truncated: true, bodyBytes: 200_000 });
    expect(long.body).toBe("é".repeat(32 * 1024));
    peer.send(Buffer.from("SEND\ndestination:/topic/t\ncontent-length:2\n\n\xff\xfe\0", "latin1"));
    expect(await shown(watcher)).toMatchObject({ bodyBase64: "//4=", truncated: false });
  });

  test("say which headers are only a beginning, and how many are not there", async () => {
    const { connect } = houseOfManyHeaders();
    const watcher = await connect();
    await watch(watcher, { selector: "command = 'SEND'" });
    const peer = await connect();
    peer.frame("SEND", {
      destination: "/topic/t",
      fits: "x".repeat(4_096),
      long: "x".repeat(4_097),
    });
    const long = await shown(watcher);
    const cut = long.cutHeaders?.map((place) => long.headers[place]);
    expect(cut).toEqual([["long", "x".repeat(4_096)]]);
    expect(long.headersLeftOut).toBeUndefined();
    const names = Array.from({ length: 300 }, (_none, n) => [`h${n}`, "x"]);
    peer.frame("SEND", { destination: "/topic/t", ...Object.fromEntries(names) });
    const many = await shown(watcher);
    expect(many.cutHeaders).toBeUndefined();
    expect([many.headers.length, many.headersLeftOut]).toEqual([256, 45]);
  });

  test("beyond what anybody could read are left out and counted", async () => {
    const { connect, runtime } = house();
    const watcher = await connect();
    await watch(watcher, { selector: "command = 'SEND'" });
    const peer = await connect();
    for (let i = 0; i < 3_000; i++) peer.frame("SEND", { destination: "/topic/t" }, "x");
    await peer.silent();
    const before: FrameInfo[] = [];
    for (let i = 0; i < 900; i++) before.push(await shown(watcher));
    expect(before.every(({ skipped }) => skipped === 0)).toBe(true);
    runtime.advance(1_000);
    // What is left of the burst comes first.
    await send(peer, "/topic/t", "after");
    let last = await shown(watcher);
    while (last.body !== "after") last = await shown(watcher);
    expect(last.skipped).toBeGreaterThan(1_900);
  });

  test("are looked at only while someone is subscribed", async () => {
    const { broker, connect } = house();
    const watcher = await connect();
    expect(broker.context.tap).toBeUndefined();
    await watch(watcher);
    expect(broker.context.tap).toBeDefined();
    await watcher.done("UNSUBSCRIBE", { id: "frames" });
    expect(broker.context.tap).toBeUndefined();
    await watch(watcher);
    watcher.line.cut();
    const peer = await connect();
    await peer.silent();
    expect(broker.context.tap).toBeUndefined();
  });

  test("are kept for who comes by a link, for ten minutes after the last look", async () => {
    const { broker, connect, runtime } = house();
    const watcher = await connect();
    await watch(watcher, { selector: "command = 'SEND'" });
    await send(watcher, "/topic/t", "x");
    const { number } = await shown(watcher);
    await watcher.done("UNSUBSCRIBE", { id: "frames" });
    expect(await broker.admin.frame({ number })).toMatchObject({ number, body: "x" });
    const { frames } = await broker.admin.frames({ limit: 2 });
    expect(frames).toHaveLength(2);
    runtime.advance(11 * 60_000);
    expect(() => broker.admin.frame({ number })).toThrow("not among the latest");
  });

  test("are kept up to a bound of number and bytes", async () => {
    const { broker, connect, runtime } = house();
    const watcher = await connect();
    await watch(watcher, { selector: "command = 'NONE'" });
    const peer = await connect();
    for (let second = 0; second < 12; second++) {
      for (let i = 0; i < 400; i++) peer.frame("SEND", { destination: "/topic/t" }, "x");
      await peer.silent();
      runtime.advance(1_000);
    }
    expect((await broker.admin.frames({ limit: 2_000 })).frames).toHaveLength(2_000);
    for (let second = 0; second < 20; second++) {
      for (let i = 0; i < 50; i++) {
        peer.frame("SEND", { destination: "/topic/t" }, "x".repeat(32 * 1024));
      }
      await peer.silent();
      runtime.advance(1_000);
    }
    const { frames } = await broker.admin.frames({ limit: 2_000 });
    const bytes = frames.reduce((sum, { body = "" }) => sum + body.length, 0);
    expect(bytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(6 * 1024 * 1024);
  });

  test.each([
    ["passcode", true],
    ["Authorization", true],
    ["x-api-key", true],
    ["my-secret", true],
    ["access-token", true],
    ["Password", true],
    ["cookie", true],
    ["set-cookie", true],
    ["x-passcode", true],
    ["X-Authorization", true],
    ["x-auth", true],
    ["jwt", true],
    ["pwd", true],
    ["access-key", true],
    ["login", false],
    ["destination", false],
    ["priority", false],
    ["cookies-eaten", false],
    ["author", false],
    ["passenger", false],
  ])("mask the value of %s: %p", async (name, masked) => {
    const { connect } = house();
    const watcher = await connect();
    await watch(watcher, { selector: "command = 'SEND'" });
    const headers = { destination: "/topic/t", [name]: "5" };
    await watcher.done("SEND", { ...headers, destination: "/topic/t" }, "x");
    const found = (await shown(watcher)).headers.find(([each]) => each === name)?.[1];
    expect(found === "••••••").toBe(masked);
  });

  test("mask what a client tells at login, and passwords in URLs", async () => {
    const { connect } = house();
    const watcher = await connect();
    await watch(watcher);
    const to = await connect();
    to.frame("SEND", { destination: "/topic/t", from: "amqp://ann:hush@host/x" }, "");
    await to.silent();
    const shownFrames = [await shownOf(watcher, 2), await shownOf(watcher, 2)];
    const sent = await shownOf(watcher, 2);
    expect(shownFrames.map(({ command }) => command)).toEqual(["CONNECT", "CONNECTED"]);
    expect(sent.headers).toContainEqual(["from", "amqp://ann:••••••@host/x"]);
  });
});

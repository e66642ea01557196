// bun /tmp/dev_console.ts  : starts a broker with some life, screenshots the given hashes
import { startConsoleBroker } from "./console_broker.ts";
import { launchBrowser, openPage } from "./browser.ts";
import { Client } from "@stomp/stompjs";
const [names = "overview", ...rest] = process.argv.slice(2);
const broker = await startConsoleBroker();
const life = !rest.includes("nolife");
const clients: Client[] = [];
if (life) {
  for (let i = 0; i < 12; i++) {
    const c = new Client({ brokerURL: broker.url, connectHeaders: { login: `worker-${i}`, "client-id": `w${i}` }, reconnectDelay: 0 });
    await new Promise<void>((r) => { c.onConnect = () => r(); c.activate(); });
    c.subscribe(`/topic/prices.${i % 3}`, () => {});
    if (i < 3) c.subscribe(`/queue/jobs.${i}`, (m) => { if (Math.random() < 0.7) m.ack(); }, { ack: "client-individual", "prefetch-count": "20" });
    clients.push(c);
  }
  const one = clients[0]!;
  one.subscribe("/topic/orders.>", () => {}, { "durable-subscription-name": "audit", durable: "true", id: "audit", "activemq.subscriptionName": "audit" });
  for (let q = 0; q < 40; q++) for (let i = 0; i < 3 + (q * 7) % 11; i++)
    one.publish({ destination: `/queue/orders.${q}`, body: JSON.stringify({ order: i, items: [{ sku: "A-1", count: 2 }], note: "Grüße" }), headers: { "content-type": "application/json", priority: String(i % 10) } });
  for (const evil of ["<img src=x onerror=alert(1)>", "orders\u202egnp.exe", "оrders.paypal", "a b\u200bc", "very.long." + "x".repeat(400)])
    one.publish({ destination: `/queue/${evil}`, body: "hostile", headers: { "x-evil": "<script>alert(1)</script>" } });
  one.publish({ destination: `/queue/binary`, binaryBody: new Uint8Array(300).map((_, i) => i % 256), headers: { "content-type": "application/octet-stream" } });
  one.publish({ destination: `/queue/dead`, body: "I am refused" });
  const two = clients[1]!;
  two.subscribe("/queue/dead", (m) => m.nack({ requeue: "false" }), { ack: "client-individual" });
  setInterval(() => { for (let i = 0; i < 5 + Math.random() * 20; i++) clients[i % 12]?.publish({ destination: `/topic/prices.${i % 3}`, body: String(Math.random()) }); }, 100);
  setInterval(() => { for (let i = 0; i < 3; i++) one.publish({ destination: `/queue/jobs.${i}`, body: "job" }); }, 200);
}
await Bun.sleep(Number(process.env.WARM ?? 4000));
const browser = await launchBrowser();
for (const name of names.split(",")) {
  const hash = (process.env[`HASH_${name}`] ?? `#/${name}`);
  for (const [size, viewport] of [["desk", { width: 1280, height: 800 }], ["phone", { width: 320, height: 640 }]] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      if (rest.includes("fast") && (colorScheme === "dark") !== (size === "phone")) continue;
      const w = await openPage(browser, new URL("console/" + hash, broker.root).href, { viewport, colorScheme });
      await Bun.sleep(Number(process.env.WAIT ?? 2500));
      if (process.env.DO) await new Function("page", `return (async()=>{${process.env.DO}})()`)(w.page);
      await w.page.screenshot({ path: `/tmp/shots/console/${name}-${size}-${colorScheme}.png`, fullPage: rest.includes("full") });
      if (w.problems.length) console.log(name, size, w.problems);
      const over = await w.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      if (Number(over) > 0) console.log("OVERFLOW", name, size, over);
      await w.close();
    }
  }
}
await browser.close();
for (const c of clients) void c.deactivate({ force: true });
await broker.stop();
process.exit(0);

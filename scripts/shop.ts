/**
 * A small shop that keeps a broker busy: prices that change, orders and the
 * packers who work them off, mails, a chat. Something is always not quite right.
 */

import { Client, type IMessage } from "@stomp/stompjs";

/** What goes on in the shop until it is closed. */
export interface Shop {
  /** Ends every connection. */
  close(): Promise<void>;
}

/** How often the shop looks what is to be done next. */
const STEP_MS = 100;
/** Customers come one by one, and one of them goes again. */
const CUSTOMERS = [
  { name: "anna", from: 2, to: Infinity },
  { name: "ben", from: 5, to: Infinity },
  { name: "carla", from: 9, to: 38 },
  { name: "dilek", from: 16, to: Infinity },
  { name: "emil", from: 24, to: 61 },
  { name: "farid", from: 31, to: Infinity },
  { name: "greta", from: 44, to: Infinity },
  { name: "hugo", from: 52, to: Infinity },
] as const;
const PRICES = [
  ["tea.assam", 8.4],
  ["tea.sencha", 11.2],
  ["coffee.mocha", 14.9],
  ["coffee.java", 12.6],
  ["cocoa", 6.3],
] as const;
const ARTICLES = ["teapot", "kettle", "cup", "tea tin", "coffee mill", "milk jug"] as const;
/** What the office does besides, and of how many orders one leads to it. */
const CHORES = [
  ["invoices", 2],
  ["labels.eu", 3],
  ["labels.world", 5],
  ["reviews", 8],
  ["returns", 11],
] as const;
/** Nobody has one in stock, so that every order for it is refused. */
const MISSING = "samovar";
const TALK = [
  "Is the Sencha fresh?",
  "It came in this morning",
  "Two tins of Assam for me, please",
  "On their way",
  "Do you still have samovars?",
  "Not before Friday, sorry",
  "The new cups are lovely",
] as const;
/** After that the one who writes mails is stuck with what it has. */
const MAILER_STUCK_AFTER_S = 8;

/** Opens the shop at a broker's WebSocket; resolves when everybody who works there is in. */
export async function openShop(brokerURL: string): Promise<Shop> {
  const clients = new Set<Client>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const begunAt = performance.now();
  const seconds = (): number => (performance.now() - begunAt) / 1_000;

  const connect = async (login: string, clientId?: string): Promise<Client> => {
    const client = new Client({
      brokerURL,
      connectHeaders: { login, ...(clientId === undefined ? {} : { "client-id": clientId }) },
      reconnectDelay: 0,
    });
    clients.add(client);
    await new Promise<void>((resolve) => {
      client.onConnect = () => resolve();
      client.activate();
    });
    return client;
  };
  const leave = async (client: Client): Promise<void> => {
    clients.delete(client);
    await client.deactivate({ force: true });
  };
  const later = (task: () => void, afterMs: number): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      task();
    }, afterMs);
    timers.add(timer);
  };
  const send = (
    client: Client,
    destination: string,
    content: string | object,
    headers: Readonly<Record<string, string>> = {},
  ): void => {
    if (!client.connected) return;
    const isText = typeof content === "string";
    const type = isText ? "text/plain" : "application/json";
    const body = isText ? content : JSON.stringify(content);
    client.publish({ destination, body, headers: { "content-type": type, ...headers } });
  };

  // Whoever keeps the books was here before, and is away today.
  const bookkeeper = await connect("bookkeeper", "books");
  bookkeeper.subscribe("/topic/orders.paid", () => {}, { durable: "true", id: "paid" });
  await settled(bookkeeper);
  await leave(bookkeeper);

  const till = await connect("till");
  const feed = await connect("price-feed");

  const warehouse = await connect("warehouse");
  warehouse.subscribe("/queue/stock", ({ headers, body }) => {
    const left = body === MISSING ? 0 : 3 + (body.length % 5);
    const { "reply-to": replyTo = "", "correlation-id": id = "" } = headers;
    send(warehouse, replyTo, { article: body, left }, { "correlation-id": id });
  });

  const pack = (packer: Client, message: IMessage): void => {
    // Those whose message it was until then may have left.
    if (!packer.connected) return;
    if (message.body.includes(MISSING)) message.nack();
    else message.ack();
  };
  for (const name of ["packer-1", "packer-2"]) {
    const packer = await connect(name);
    const free = { at: 0 };
    packer.subscribe(
      "/queue/orders",
      (message) => {
        free.at = Math.max(free.at, performance.now()) + 230;
        later(() => pack(packer, message), free.at - performance.now());
      },
      { ack: "client-individual", "prefetch-count": "4" },
    );
  }

  const office = await connect("office");
  for (const [chore] of CHORES) {
    office.subscribe(
      `/queue/${chore}`,
      (message) => later(() => office.connected && message.ack(), 350 + chore.length * 40),
      { ack: "client-individual", "prefetch-count": "1" },
    );
  }

  const mailer = await connect("mailer");
  mailer.subscribe(
    "/queue/mails",
    (message) => {
      if (seconds() < MAILER_STUCK_AFTER_S) message.ack();
    },
    { ack: "client-individual", "prefetch-count": "5" },
  );

  const replies = "/temp-queue/stock";
  till.subscribe(replies, () => {});

  const customers = new Map<string, Client>();
  const arrive = async (name: string): Promise<void> => {
    const customer = await connect(name);
    customers.set(name, customer);
    customer.subscribe("/topic/prices.>", () => {});
    customer.subscribe("/topic/chat.lobby", () => {});
  };

  const made = { prices: 0, orders: 0, words: 0 };
  const due = { prices: 0, orders: 0 };
  const changePrice = (): void => {
    const [article, base] = PRICES[made.prices % PRICES.length] ?? PRICES[0];
    const price = base * (1 + 0.06 * Math.sin(made.prices / 37 + base));
    const content = { article, price: Number(price.toFixed(2)), currency: "EUR" };
    send(feed, `/topic/prices.${article}`, content, { retain: "set" });
    made.prices++;
  };
  const takeOrder = (): void => {
    const number = 4_200 + made.orders++;
    const article =
      number % 61 === 11 ? MISSING : (ARTICLES[(number * 7) % ARTICLES.length] ?? MISSING);
    const buyers = CUSTOMERS.map(({ name }) => name);
    const customer = buyers[number % buyers.length] ?? "anna";
    const order = { order: number, customer, items: [{ article, count: 1 + (number % 3) }] };
    send(till, "/queue/orders", order, { receipt: `order-${number}` });
    if (number % 40 === 0) send(till, "/topic/orders.paid", { order: number, paid: true });
    if (number % 15 === 0)
      send(till, "/queue/mails", `Dear ${customer}, order ${number} is packed`);
    for (const [chore, every] of CHORES) {
      if (number % every === 0) send(till, `/queue/${chore}`, { order: number, customer });
    }
    if (number % 7 === 0) {
      const headers = { "reply-to": replies, "correlation-id": String(number) };
      send(till, "/queue/stock", article, headers);
    }
  };
  const talk = (): void => {
    const present = [...customers];
    const [name, customer] = present[made.words % Math.max(1, present.length)] ?? [];
    if (name === undefined || customer === undefined) return;
    const text = TALK[made.words++ % TALK.length] ?? "";
    send(customer, "/topic/chat.lobby", text, { "chat-name": name });
  };

  const step = (number: number): void => {
    const at = seconds();
    // Prices come in waves, orders in rushes that the packers work off behind.
    due.prices += (STEP_MS / 1_000) * (17 + 9 * Math.sin(at / 7) + 4 * Math.sin(at / 2.3));
    due.orders += (STEP_MS / 1_000) * (at % 30 > 18 ? 13 : 5);
    for (; due.prices >= 1; due.prices--) changePrice();
    for (; due.orders >= 1; due.orders--) takeOrder();
    if (number % 40 === 0) talk();
    for (const { name, from, to } of CUSTOMERS) {
      const customer = customers.get(name);
      if (at >= to && customer !== undefined) {
        customers.delete(name);
        void leave(customer);
      } else if (at >= from && at < to && customer === undefined && !comers.has(name)) {
        comers.add(name);
        void arrive(name);
      }
    }
    later(() => step(number + 1), STEP_MS);
  };
  const comers = new Set<string>();
  step(0);

  return {
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([...clients].map(leave));
    },
  };
}

/** Resolves when the broker has done all that a client asked of it so far. */
function settled(client: Client): Promise<void> {
  return new Promise((resolve) => {
    const receipt = "settled";
    client.watchForReceipt(receipt, () => resolve());
    client.publish({ destination: "/topic/settled", headers: { receipt } });
  });
}

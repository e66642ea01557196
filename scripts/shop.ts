/**
 * A small shop that keeps a broker busy: prices that change, orders and the
 * packers who work them off, an office, mails, a chat. Something is always not
 * quite right.
 */

import { Client, type IMessage } from "@stomp/stompjs";

/** What goes on in the shop until it is closed. */
export interface Shop {
  /** Ends every connection. */
  close(): Promise<void>;
}

/** How often the shop looks what is to be done next. */
const STEP_MS = 100;
/** Customers come one after the other, in seconds since the shop is open, and some go again. */
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
/** Nobody has one in stock, so that every order for it is refused. */
const MISSING = "samovar";
/** What the office does, of how many orders one leads to it, and how long it takes, in ms. */
const CHORES = [
  ["invoices", 2, 190],
  ["labels.eu", 3, 200],
  ["labels.world", 5, 230],
  ["reviews", 8, 180],
  ["returns", 11, 180],
] as const;
const PACKERS = ["packer-1", "packer-2"] as const;
const PACKING_MS = 230;
/** After that the one who writes mails is stuck with what it has. */
const MAILER_STUCK_AFTER_S = 8;
const FIRST_ORDER = 4_200;
const STOCK_REPLIES = "/temp-queue/stock";
const LOBBY = "/topic/chat.lobby";
const TALK = [
  "Is the Sencha fresh?",
  "It came in this morning",
  "Two tins of Assam for me, please",
  "On their way",
  "Do you still have samovars?",
  "Not before Friday, sorry",
  "The new cups are lovely",
] as const;

/** The people of the shop, and its clock. */
interface Staff {
  connect(login: string, headers?: Readonly<Record<string, string>>): Promise<Client>;
  leave(client: Client): Promise<void>;
  /** Does something after so many ms, unless the shop is closed until then. */
  later(task: () => void, afterMs: number): void;
  /** Since the shop is open. */
  seconds(): number;
  close(): Promise<void>;
}

/** Opens the shop at a broker's WebSocket; resolves when everybody who works there is in. */
export async function openShop(brokerURL: string): Promise<Shop> {
  const staff = gather(brokerURL);
  await subscribeBookkeeper(staff);
  const till = await staff.connect("till");
  till.subscribe(STOCK_REPLIES, () => {});
  const feed = await staff.connect("price-feed");
  await employWarehouse(staff);
  for (const name of PACKERS) await employPacker(staff, name);
  await employOffice(staff);
  await employMailer(staff);

  const changePrice = priceChanger(feed);
  const takeOrder = orderTaker(till);
  const letCustomersIn = doorkeeper(staff);
  const due = { prices: 0, orders: 0 };
  const step = (number: number): void => {
    const at = staff.seconds();
    // Prices come in waves, orders in rushes that the packers work off behind.
    due.prices += (STEP_MS / 1_000) * (17 + 9 * Math.sin(at / 7) + 4 * Math.sin(at / 2.3));
    due.orders += (STEP_MS / 1_000) * (at % 30 > 18 ? 13 : 5);
    for (; due.prices >= 1; due.prices--) changePrice();
    for (; due.orders >= 1; due.orders--) takeOrder();
    letCustomersIn(number);
    staff.later(() => step(number + 1), STEP_MS);
  };
  step(0);
  return staff;
}

function gather(brokerURL: string): Staff {
  const clients = new Set<Client>();
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const begunAt = performance.now();
  const leave = async (client: Client): Promise<void> => {
    clients.delete(client);
    await client.deactivate({ force: true });
  };
  return {
    leave,
    connect: async (login, headers = {}) => {
      const connectHeaders = { login, ...headers };
      const client = new Client({ brokerURL, connectHeaders, reconnectDelay: 0 });
      clients.add(client);
      await new Promise<void>((resolve) => {
        client.onConnect = () => resolve();
        client.activate();
      });
      return client;
    },
    later: (task, afterMs) => {
      const timer = setTimeout(() => {
        timers.delete(timer);
        task();
      }, afterMs);
      timers.add(timer);
    },
    seconds: () => (performance.now() - begunAt) / 1_000,
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      await Promise.all([...clients].map(leave));
    },
  };
}

interface Letter {
  readonly destination: string;
  /** Text, or what becomes JSON. */
  readonly content: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

function send(client: Client, { destination, content, headers }: Letter): void {
  if (!client.connected) return;
  const [body, type] =
    typeof content === "string"
      ? [content, "text/plain"]
      : [JSON.stringify(content), "application/json"];
  client.publish({ destination, body, headers: { "content-type": type, ...headers } });
}

/** Whoever keeps the books has been here before, and is away today. */
async function subscribeBookkeeper(staff: Staff): Promise<void> {
  const bookkeeper = await staff.connect("bookkeeper", { "client-id": "books" });
  await new Promise<void>((resolve) => {
    bookkeeper.watchForReceipt("books", () => resolve());
    bookkeeper.subscribe("/topic/orders.paid", () => {}, {
      durable: "true",
      id: "paid",
      receipt: "books",
    });
  });
  await staff.leave(bookkeeper);
}

async function employWarehouse(staff: Staff): Promise<void> {
  const warehouse = await staff.connect("warehouse");
  warehouse.subscribe("/queue/stock", ({ headers, body: article }) => {
    const { "reply-to": destination = "", "correlation-id": id = "" } = headers;
    const left = article === MISSING ? 0 : 3 + (article.length % 5);
    send(warehouse, {
      destination,
      content: { article, left },
      headers: { "correlation-id": id },
    });
  });
}

async function employPacker(staff: Staff, name: string): Promise<void> {
  const packer = await staff.connect(name);
  const pack = (message: IMessage): void => {
    if (!packer.connected) return;
    if (message.body.includes(MISSING)) message.nack();
    else message.ack();
  };
  let freeAt = 0;
  const take = (message: IMessage): void => {
    freeAt = Math.max(freeAt, performance.now()) + PACKING_MS;
    staff.later(() => pack(message), freeAt - performance.now());
  };
  packer.subscribe("/queue/orders", take, { ack: "client-individual", "prefetch-count": "4" });
}

async function employOffice(staff: Staff): Promise<void> {
  const office = await staff.connect("office");
  for (const [chore, , takesMs] of CHORES) {
    const done = (message: IMessage): void => {
      if (office.connected) message.ack();
    };
    office.subscribe(`/queue/${chore}`, (message) => staff.later(() => done(message), takesMs), {
      ack: "client-individual",
      "prefetch-count": "1",
    });
  }
}

async function employMailer(staff: Staff): Promise<void> {
  const mailer = await staff.connect("mailer");
  const write = (message: IMessage): void => {
    if (staff.seconds() < MAILER_STUCK_AFTER_S) message.ack();
  };
  mailer.subscribe("/queue/mails", write, { ack: "client-individual", "prefetch-count": "5" });
}

function priceChanger(feed: Client): () => void {
  let count = 0;
  return () => {
    const [article, base] = PRICES[count % PRICES.length] ?? PRICES[0];
    const price = base * (1 + 0.06 * Math.sin(count / 37 + base));
    send(feed, {
      destination: `/topic/prices.${article}`,
      content: { article, price: Number(price.toFixed(2)), currency: "EUR" },
      headers: { retain: "set" },
    });
    count++;
  };
}

function orderTaker(till: Client): () => void {
  let order = FIRST_ORDER;
  return () => {
    order++;
    const isEvery = (count: number): boolean => order % count === 0;
    const article =
      order % 61 === 11 ? MISSING : (ARTICLES[(order * 7) % ARTICLES.length] ?? MISSING);
    const customer = (CUSTOMERS[order % CUSTOMERS.length] ?? CUSTOMERS[0]).name;
    send(till, {
      destination: "/queue/orders",
      content: { order, customer, items: [{ article, count: 1 + (order % 3) }] },
      headers: { receipt: `order-${order}` },
    });
    for (const [chore, every] of CHORES) {
      if (isEvery(every)) {
        send(till, { destination: `/queue/${chore}`, content: { order, customer } });
      }
    }
    if (isEvery(7)) {
      const headers = { "reply-to": STOCK_REPLIES, "correlation-id": String(order) };
      send(till, { destination: "/queue/stock", content: article, headers });
    }
    if (isEvery(15)) {
      const content = `Dear ${customer}, order ${order} is packed`;
      send(till, { destination: "/queue/mails", content });
    }
    if (isEvery(40)) {
      send(till, { destination: "/topic/orders.paid", content: { order, paid: true } });
    }
  };
}

/** Lets customers in and out, and has those who are in talk now and then. */
function doorkeeper(staff: Staff): (step: number) => void {
  const known = new Set<string>();
  const present = new Map<string, Client>();
  let words = 0;
  const arrive = async (name: string): Promise<void> => {
    const customer = await staff.connect(name);
    present.set(name, customer);
    customer.subscribe("/topic/prices.>", () => {});
    customer.subscribe(LOBBY, () => {});
  };
  return (step) => {
    const at = staff.seconds();
    for (const { name, from, to } of CUSTOMERS) {
      const customer = present.get(name);
      if (at >= to && customer !== undefined) {
        present.delete(name);
        void staff.leave(customer);
      } else if (at >= from && !known.has(name)) {
        known.add(name);
        void arrive(name);
      }
    }
    const [name, speaker] = [...present][words % Math.max(1, present.size)] ?? [];
    if (step % 40 !== 0 || speaker === undefined) return;
    const content = TALK[words++ % TALK.length] ?? "";
    send(speaker, { destination: LOBBY, content, headers: { "chat-name": name ?? "" } });
  };
}

/** What is filled in on the page of the client, as long as the console is open. */

import { brokerUrl } from "../broker/this_broker.ts";
import { createStore } from "../ui/store.ts";
import { type ClientSettings, VERSION_CHOICES } from "./client_settings.ts";

/** The form for subscriptions. */
export interface SubscribeDraft {
  readonly destination: string;
  readonly ack: string;
  readonly selector: string;
  /** A line each. */
  readonly headers: string;
}

/** The form for messages. */
export interface SendDraft {
  readonly destination: string;
  readonly body: string;
  readonly isJson: boolean;
  /** A line each. */
  readonly headers: string;
  readonly asksReceipt: boolean;
  /** Empty for none. */
  readonly transaction: string;
  /** Numbers the receipts asked for. */
  readonly receipts: number;
}

/** All forms. */
export interface Drafts {
  readonly settings: ClientSettings;
  readonly subscribe: SubscribeDraft;
  readonly send: SendDraft;
}

/** They outlive the page that they are on, and nothing else: nothing of them is stored. */
export const drafts = createStore<Drafts>({
  settings: {
    url: brokerUrl,
    login: "",
    passcode: "",
    virtualHost: "",
    versions: VERSION_CHOICES[0],
    heartBeatOut: "10000",
    heartBeatIn: "10000",
    headers: "",
  },
  subscribe: { destination: "/topic/hello", ack: "auto", selector: "", headers: "" },
  send: {
    destination: "/topic/hello",
    body: "Hello",
    isJson: false,
    headers: "",
    asksReceipt: false,
    transaction: "",
    receipts: 0,
  },
});

/** Fills in a part of a form. */
export function changeDraft<K extends keyof Drafts>(form: K, changes: Partial<Drafts[K]>): void {
  const all = drafts.get();
  drafts.set({ ...all, [form]: { ...all[form], ...changes } });
}

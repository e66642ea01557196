import type { Truth } from "./selector_value.ts";

/** What a selector sees of a message. */
export interface SelectorMessage {
  readonly headers: {
    /** Names and values in turn, unescaped; of repeated headers the first counts. */
    list(): readonly string[];
  };
  readonly id: string;
  /** 0 to 9. */
  readonly priority: number;
  /** Milliseconds since the epoch; 0 never. */
  readonly expiresAt: number;
  readonly persistent: boolean;
  /** Which delivery this is or would be; absent is the first, 1. */
  readonly deliveryCount?: number | undefined;
}

/** A compiled condition. */
export type Test = (message: SelectorMessage) => Truth;

/** A compiled value; undefined is unknown. */
export type Read<T> = (message: SelectorMessage) => T | undefined;

/**
 * A compiled part of a selector, by what is known of it before any message: a
 * header may turn out to be anything, all others are of one kind or unknown.
 */
export type Operand =
  | { readonly kind: "boolean"; readonly read: Test }
  | { readonly kind: "number"; readonly read: Read<number> }
  | { readonly kind: "text" | "header"; readonly read: Read<string> }
  | { readonly kind: "null"; readonly read: () => undefined };

/** Reads the first header of that name. */
export function headerReader(name: string): Read<string> {
  return (message) => {
    const list = message.headers.list();
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === name) return list[i + 1];
    }
    return undefined;
  };
}

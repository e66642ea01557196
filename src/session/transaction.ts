import type { Memory } from "../broker/memory.ts";
import type { Operation } from "../engine/operation.ts";
import { Fault, quote } from "../fault.ts";
import type { SessionLimits } from "./limits.ts";
import type { Held } from "./subscription.ts";

/** Data: checked operations, to be applied in one call or not at all. */
export interface Transaction {
  readonly id: string;
  readonly operations: Operation[];
  /** Deliveries that it settles. */
  readonly bound: Held[];
  /** Bytes of its messages. */
  bytes: number;
}

/** A session's open transactions. */
export class Transactions {
  readonly #limits: SessionLimits;
  readonly #memory: Memory;
  #open: Map<string, Transaction> | undefined;

  constructor(limits: SessionLimits, memory: Memory) {
    this.#limits = limits;
    this.#memory = memory;
  }

  /** @throws Fault `duplicate-transaction`, `too-many-transactions` */
  begin(id: string): void {
    this.#open ??= new Map();
    const { transactionsMax } = this.#limits;
    if (this.#open.has(id)) {
      const detail = `Cannot begin transaction ${quote(id)}: it is open already`;
      throw new Fault("duplicate-transaction", detail);
    }
    if (this.#open.size >= transactionsMax) {
      throw new Fault(
        "too-many-transactions",
        `Cannot begin transaction ${quote(id)}: ${transactionsMax} are open, the limit of a connection`,
      );
    }
    this.#open.set(id, { id, operations: [], bound: [], bytes: 0 });
  }

  /** @throws Fault `unknown-transaction` */
  get(id: string): Transaction {
    const transaction = this.#open?.get(id);
    if (transaction !== undefined) return transaction;
    throw new Fault(
      "unknown-transaction",
      `Cannot use transaction ${quote(id)}: it is not open, expected one that BEGIN named and that did not end`,
    );
  }

  /** @throws Fault `transaction-too-large` if so much more does not fit */
  checkRoom(transaction: Transaction, operations: number, bytes: number): void {
    const { transactionOperationsMax, transactionBytesMax } = this.#limits;
    if (transaction.operations.length + operations > transactionOperationsMax) {
      throw new Fault(
        "transaction-too-large",
        `Cannot add to transaction ${quote(transaction.id)}: more than ${transactionOperationsMax} operations`,
      );
    }
    if (transaction.bytes + bytes > transactionBytesMax) {
      throw new Fault(
        "transaction-too-large",
        `Cannot add to transaction ${quote(transaction.id)}: more than ${transactionBytesMax} bytes of messages`,
      );
    }
    if (bytes > 0 && this.#memory.exceededBy(bytes)) {
      throw new Fault("memory-full", "Cannot add to transaction: no memory left for messages");
    }
  }

  /** Adds an operation of so many bytes, for which there is room. */
  add(transaction: Transaction, operation: Operation, bytes: number): void {
    transaction.operations.push(operation);
    transaction.bytes += bytes;
    this.#memory.used += bytes;
  }

  /** Ends a transaction, either way. @throws Fault `unknown-transaction` */
  end(id: string): Transaction {
    const transaction = this.get(id);
    this.#open?.delete(id);
    this.#memory.used -= transaction.bytes;
    return transaction;
  }

  /** Ids of those that are open. */
  get ids(): readonly string[] {
    return [...(this.#open?.keys() ?? [])];
  }
}

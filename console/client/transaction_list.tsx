import type { JSX } from "preact";
import { formatCount, plural } from "../ui/format.ts";
import type { ClientSession } from "./client_session.ts";
import type { OpenTransaction } from "./client_state.ts";
import { FormCard } from "./form_card.tsx";
import { FrameInWords } from "./frame_words.tsx";

/** The open transactions, what is in each, and how they end. */
export function TransactionList(props: {
  readonly session: ClientSession;
  readonly transactions: readonly OpenTransaction[];
  readonly isOn: boolean;
}): JSX.Element {
  const { session, transactions, isOn } = props;
  return (
    <FormCard
      name="transactions"
      title="Transactions"
      aside={
        transactions.length > 0 && (
          <span class="count muted">{formatCount(transactions.length)} open</span>
        )
      }
    >
      {transactions.length === 0 && (
        <p class="muted">None is open. What is sent or acknowledged takes effect at once.</p>
      )}
      {transactions.map((transaction) => (
        <div key={transaction.id} class="client-transaction">
          <div class="row">
            <h3>{transaction.id}</h3>
            <button
              type="button"
              class="small primary"
              onClick={() => session.finish(transaction.id, "COMMIT")}
            >
              Commit
            </button>
            <button
              type="button"
              class="small"
              onClick={() => session.finish(transaction.id, "ABORT")}
            >
              Abort
            </button>
          </div>
          {transaction.count === 0 ? (
            <p class="muted">Nothing in it yet.</p>
          ) : (
            <ol aria-label={`In ${transaction.id}`}>
              {transaction.operations.map((operation, index) => (
                <li key={index}>
                  <FrameInWords words={operation} />
                </li>
              ))}
            </ol>
          )}
          {transaction.count > transaction.operations.length && (
            <p class="muted">
              and {plural(transaction.count - transaction.operations.length, "more", "more")}
            </p>
          )}
        </div>
      ))}
      <button type="button" class="small" disabled={!isOn} onClick={() => session.begin()}>
        Begin
      </button>
    </FormCard>
  );
}

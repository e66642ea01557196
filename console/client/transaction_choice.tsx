import type { JSX } from "preact";
import type { OpenTransaction } from "./client_state.ts";
import { Field } from "./field.tsx";

/** Whether something happens at once or in a transaction, and in which. */
export function TransactionChoice(props: {
  readonly label: string;
  readonly transactions: readonly OpenTransaction[];
  /** Empty for none. */
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
}): JSX.Element {
  const { label, transactions, chosen, onChoose } = props;
  return (
    <Field label={label}>
      {(field) => (
        <select {...field} value={chosen} onChange={(event) => onChoose(event.currentTarget.value)}>
          <option value="">no transaction</option>
          {transactions.map(({ id }) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

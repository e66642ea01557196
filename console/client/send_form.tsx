import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { formatClock } from "../ui/format.ts";
import type { ClientSession } from "./client_session.ts";
import type { OpenTransaction } from "./client_state.ts";
import { changeDraft, type SendDraft } from "./drafts.ts";
import { Field } from "./field.tsx";
import { FormCard } from "./form_card.tsx";
import { readHeaderLines } from "./header_lines.ts";
import { TransactionChoice } from "./transaction_choice.tsx";

/** What the client sends. */
export function SendForm(props: {
  readonly session: ClientSession;
  readonly transactions: readonly OpenTransaction[];
  readonly isOn: boolean;
  readonly draft: SendDraft;
}): JSX.Element {
  const { session, transactions, isOn, draft } = props;
  const { destination, body, isJson, headers, asksReceipt, receipts } = draft;
  const change = (changes: Partial<SendDraft>): void => changeDraft("send", changes);
  const [done, setDone] = useState("");
  const [mistakes, setMistakes] = useState<readonly string[]>([]);
  const isOpen = transactions.some((each) => each.id === draft.transaction);
  const transaction = isOpen ? draft.transaction : "";
  const send = (): void => {
    const read = readHeaderLines(headers);
    const found = [...read.mistakes, ...(isJson ? jsonMistakes(body) : [])];
    setMistakes(found);
    setDone("");
    if (found.length > 0) return;
    session.send({
      destination,
      headers: {
        ...(isJson ? { "content-type": "application/json" } : {}),
        ...Object.fromEntries(read.headers),
        ...(transaction === "" ? {} : { transaction }),
        ...(asksReceipt ? { receipt: `sent-${receipts + 1}` } : {}),
      },
      body,
    });
    if (asksReceipt) change({ receipts: receipts + 1 });
    const time = formatClock(Date.now());
    setDone(transaction === "" ? `Sent at ${time}` : `Added to ${transaction} at ${time}`);
  };
  return (
    <FormCard name="send" title="Send">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <Field label="Destination">
          {(field) => (
            <input
              {...field}
              type="text"
              required
              autocomplete="off"
              spellcheck={false}
              value={destination}
              onInput={(event) => change({ destination: event.currentTarget.value })}
            />
          )}
        </Field>
        <Field label="Body">
          {(field) => (
            <textarea
              {...field}
              rows={4}
              spellcheck={false}
              value={body}
              onInput={(event) => change({ body: event.currentTarget.value })}
            />
          )}
        </Field>
        <div class="client-options">
          <label class="check">
            <input
              type="checkbox"
              checked={isJson}
              onChange={(event) => change({ isJson: event.currentTarget.checked })}
            />
            JSON
          </label>
          <label class="check">
            <input
              type="checkbox"
              checked={asksReceipt}
              onChange={(event) => change({ asksReceipt: event.currentTarget.checked })}
            />
            With receipt
          </label>
          {isJson && (
            <button type="button" class="link" onClick={() => change({ body: tidied(body) })}>
              Tidy up
            </button>
          )}
        </div>
        <details>
          <summary>More</summary>
          <Field label="Headers, name:value">
            {(field) => (
              <textarea
                {...field}
                rows={3}
                spellcheck={false}
                placeholder={"priority:9\nreply-to:/queue/answers"}
                value={headers}
                onInput={(event) => change({ headers: event.currentTarget.value })}
              />
            )}
          </Field>
        </details>
        {transactions.length > 0 && (
          <TransactionChoice
            label="Send in"
            transactions={transactions}
            chosen={transaction}
            onChoose={(chosen) => change({ transaction: chosen })}
          />
        )}
        <p class="problem" role="alert">
          {mistakes.join(". ")}
        </p>
        <div class="client-options">
          <button type="submit" class={isOn ? "primary" : ""} disabled={!isOn}>
            Send
          </button>
          <span class="muted" role="status">
            {done}
          </span>
        </div>
      </form>
    </FormCard>
  );
}

function jsonMistakes(text: string): string[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    return [`Cannot send this as JSON: ${error instanceof Error ? error.message : "it is none"}`];
  }
}

/** JSON with line breaks; what is none stays as it is. */
function tidied(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { formatCount, plural } from "../ui/format.ts";
import { VisibleText } from "../ui/visible_text.tsx";
import type { ClientSession } from "./client_session.ts";
import type { ClientSubscription } from "./client_state.ts";
import { changeDraft, type SubscribeDraft } from "./drafts.ts";
import { Field } from "./field.tsx";
import { FormCard } from "./form_card.tsx";
import { readHeaderLines } from "./header_lines.ts";

const ACK_MODES = ["auto", "client", "client-individual"] as const;

/** What the client listens to, and a form for more. */
export function SubscribeForm(props: {
  readonly session: ClientSession;
  readonly subscriptions: readonly ClientSubscription[];
  readonly isOn: boolean;
  readonly draft: SubscribeDraft;
}): JSX.Element {
  const { session, subscriptions, isOn, draft } = props;
  const { destination, ack, selector, headers } = draft;
  const change = (changes: Partial<SubscribeDraft>): void => changeDraft("subscribe", changes);
  const [mistakes, setMistakes] = useState<readonly string[]>([]);
  const subscribe = (): void => {
    const read = readHeaderLines(headers);
    setMistakes(read.mistakes);
    if (read.mistakes.length > 0) return;
    session.subscribe(destination, {
      ...Object.fromEntries(read.headers),
      ...(ack === "auto" ? {} : { ack }),
      ...(selector === "" ? {} : { selector }),
    });
  };
  return (
    <FormCard
      name="subscribe"
      title="Subscribe"
      aside={
        subscriptions.length > 0 && (
          <span class="count muted">{plural(subscriptions.length, "subscription")}</span>
        )
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          subscribe();
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
        <Field label="Acknowledgement">
          {(field) => (
            <select
              {...field}
              value={ack}
              onChange={(event) => change({ ack: event.currentTarget.value })}
            >
              {ACK_MODES.map((mode) => (
                <option key={mode} value={mode}>
                  {mode}
                </option>
              ))}
            </select>
          )}
        </Field>
        <details>
          <summary>More</summary>
          <Field label="Selector">
            {(field) => (
              <input
                {...field}
                type="text"
                autocomplete="off"
                spellcheck={false}
                placeholder="weight > 2500 AND colour = 'red'"
                value={selector}
                onInput={(event) => change({ selector: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field label="Further headers, name:value">
            {(field) => (
              <textarea
                {...field}
                rows={2}
                spellcheck={false}
                placeholder="prefetch-count:10"
                value={headers}
                onInput={(event) => change({ headers: event.currentTarget.value })}
              />
            )}
          </Field>
        </details>
        <p class="problem" role="alert">
          {mistakes.join(". ")}
        </p>
        <button type="submit" disabled={!isOn}>
          Subscribe
        </button>
      </form>
      {subscriptions.length > 0 && (
        <ul class="client-items" aria-label="Subscriptions">
          {subscriptions.map((each) => (
            <li key={each.id}>
              <div>
                <VisibleText text={each.destination} max={120} />
                <span class="muted">
                  {each.id}, {each.ack}, {formatCount(each.received)} received
                  {each.selector !== undefined && (
                    <>
                      , <VisibleText text={each.selector} max={80} />
                    </>
                  )}
                </span>
              </div>
              <button
                type="button"
                class="small"
                disabled={!isOn}
                onClick={() => session.unsubscribe(each.id)}
              >
                Unsubscribe
              </button>
            </li>
          ))}
        </ul>
      )}
    </FormCard>
  );
}

import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { VisibleText } from "../ui/visible_text.tsx";
import type { ClientSession } from "./client_session.ts";
import { type ClientSettings, planConnection, VERSION_CHOICES } from "./client_settings.ts";
import type { ClientState } from "./client_state.ts";
import { changeDraft } from "./drafts.ts";
import { Field } from "./field.tsx";
import { FormCard } from "./form_card.tsx";

const TONES = { off: "quiet", connecting: "wait", on: "good", closing: "wait" } as const;
const WORDS = {
  off: "Not connected",
  connecting: "Connecting",
  on: "Connected",
  closing: "Disconnecting",
} as const;

/** Where to connect, as whom, and how that is going. */
export function ConnectionCard(props: {
  readonly session: ClientSession;
  readonly state: ClientState;
  readonly settings: ClientSettings;
}): JSX.Element {
  const { session, state, settings } = props;
  const { phase, connected } = state;
  const [mistakes, setMistakes] = useState<readonly string[]>([]);
  const change = (changes: Partial<ClientSettings>): void => changeDraft("settings", changes);
  const connect = (): void => {
    const { plan, mistakes: found } = planConnection(settings);
    setMistakes(found);
    if (plan !== undefined) session.connect(plan);
  };
  return (
    <FormCard
      name="connection"
      title="Connection"
      aside={
        <span class="pill" role="status" data-tone={TONES[phase]}>
          {WORDS[phase]}
        </span>
      }
    >
      {phase === "off" ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            connect();
          }}
        >
          <Field label="URL">
            {(field) => (
              <input
                {...field}
                type="text"
                inputMode="url"
                autocomplete="off"
                spellcheck={false}
                value={settings.url}
                onInput={(event) => change({ url: event.currentTarget.value })}
              />
            )}
          </Field>
          <div class="field-pair">
            <Field label="Login">
              {(field) => (
                <input
                  {...field}
                  type="text"
                  autocomplete="off"
                  spellcheck={false}
                  value={settings.login}
                  onInput={(event) => change({ login: event.currentTarget.value })}
                />
              )}
            </Field>
            <Field label="Passcode">
              {(field) => (
                <input
                  {...field}
                  type="password"
                  autocomplete="off"
                  value={settings.passcode}
                  onInput={(event) => change({ passcode: event.currentTarget.value })}
                />
              )}
            </Field>
          </div>
          <details>
            <summary>More</summary>
            <Field label="Virtual host (header host)">
              {(field) => (
                <input
                  {...field}
                  type="text"
                  autocomplete="off"
                  spellcheck={false}
                  value={settings.virtualHost}
                  onInput={(event) => change({ virtualHost: event.currentTarget.value })}
                />
              )}
            </Field>
            <Field label="STOMP versions offered">
              {(field) => (
                <select
                  {...field}
                  value={settings.versions}
                  onChange={(event) => change({ versions: event.currentTarget.value })}
                >
                  {VERSION_CHOICES.map((versions) => (
                    <option key={versions} value={versions}>
                      {versions.replaceAll(",", ", ")}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <div class="field-pair">
              <Field label="Beats sent every, ms">
                {(field) => (
                  <input
                    {...field}
                    type="text"
                    inputMode="numeric"
                    value={settings.heartBeatOut}
                    onInput={(event) => change({ heartBeatOut: event.currentTarget.value })}
                  />
                )}
              </Field>
              <Field label="Beats wanted every, ms">
                {(field) => (
                  <input
                    {...field}
                    type="text"
                    inputMode="numeric"
                    value={settings.heartBeatIn}
                    onInput={(event) => change({ heartBeatIn: event.currentTarget.value })}
                  />
                )}
              </Field>
            </div>
            <Field label="Further headers, name:value">
              {(field) => (
                <textarea
                  {...field}
                  rows={2}
                  spellcheck={false}
                  placeholder="client-id:my-client"
                  value={settings.headers}
                  onInput={(event) => change({ headers: event.currentTarget.value })}
                />
              )}
            </Field>
          </details>
          <p class="problem" role="alert">
            {mistakes.join(". ")}
          </p>
          <button type="submit" class="primary">
            Connect
          </button>
        </form>
      ) : (
        <>
          <p class="client-facts">
            <VisibleText text={state.url} />
            {connected !== undefined && (
              <span class="muted">
                STOMP <VisibleText text={connected.version} max={40} cut="end" />
                {connected.server !== "" && (
                  <>
                    {" · "}
                    <VisibleText text={connected.server} max={80} cut="end" />
                  </>
                )}
                {connected.heartBeat !== "" && (
                  <>
                    {" · heart-beat "}
                    <VisibleText text={connected.heartBeat} max={40} cut="end" />
                  </>
                )}
                {connected.session !== "" && (
                  <>
                    {" · session "}
                    <VisibleText text={connected.session} max={80} cut="end" />
                  </>
                )}
              </span>
            )}
          </p>
          <button type="button" onClick={() => session.disconnect()}>
            {phase === "closing" ? "Cut off now" : phase === "connecting" ? "Cancel" : "Disconnect"}
          </button>
        </>
      )}
    </FormCard>
  );
}

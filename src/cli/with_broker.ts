/** What every command does that talks to a broker: connect, give way to Ctrl-C, tell of failures. */

import { BrokerError, ClientError } from "../client/client_error.ts";
import { connectClient, type StompClient } from "../client/stomp_client.ts";
import { visibleLines, visibleText } from "../observe/visible_text.ts";
import { type CommandContext, EXIT, type ExitCode, reportFailure } from "./command.ts";
import type { ConnectionValues } from "./connection_options.ts";
import { explains } from "./explain.ts";
import { showWaiting } from "./progress.ts";
import { readTrust } from "./read_trust.ts";
import { watchSignals } from "./stop_signals.ts";

/** What {@link withBroker} does. */
export interface BrokerUse {
  readonly connection: ConnectionValues;
  /** Further headers of CONNECT, names and values in turn. */
  readonly headers?: readonly string[];
  /** Called for everything that comes from the broker, heart-beats too. */
  readonly heard?: () => void;
  /**
   * The work. When `stopped` settles, by Ctrl-C or since nobody reads the
   * output any more, it should come to an end. Afterwards the client says
   * goodbye, which takes everything along that was sent.
   */
  readonly work: (client: StompClient, stopped: Promise<void>) => Promise<ExitCode>;
}

/**
 * Connects to a broker, does the work there, and says goodbye. Tells of
 * whatever fails on the way; a second Ctrl-C waits for nothing.
 */
export async function withBroker(
  context: CommandContext,
  { connection, headers = [], heard = () => {}, work }: BrokerUse,
): Promise<ExitCode> {
  const { terminal } = context;
  const { runtime } = terminal;
  const fail = (sentence: string): ExitCode => reportFailure(terminal, sentence);
  const trust = readTrust(context, connection);
  if (trust === undefined) return EXIT.misuse;
  const signals = watchSignals(terminal, runtime);
  const stopped = Promise.race([signals.first, terminal.out.gone]);
  const live = async (): Promise<ExitCode> => {
    let client: StompClient | undefined;
    try {
      const connecting = connectClient({ ...connection, runtime, headers, heard, trust });
      client = await showWaiting(terminal, {
        what: `Connecting to ${visibleText(connection.url.shown)}`,
        promise: Promise.race([connecting, stopped.then(() => undefined)]),
      });
      if (client === undefined) {
        connecting.then(
          (late) => late.cut(),
          () => undefined,
        );
        return EXIT.failed;
      }
      const lost = client.closed.then((reason) => {
        if (reason !== undefined) throw reason;
        return new Promise<never>(() => undefined);
      });
      const code = await Promise.race([work(client, stopped), lost]);
      await client.disconnect();
      const reason = await client.closed;
      return reason === undefined ? code : fail(sentenceOf(reason));
    } catch (error) {
      await client?.disconnect();
      if (!(error instanceof ClientError)) throw error;
      // Work that runs into the end of the connection does not know the reason of it.
      return fail(sentenceOf((await client?.closed) ?? error));
    }
  };
  const atOnce = signals.second.then((): ExitCode => fail("Stopped at once by a second signal"));
  try {
    return await Promise.race([live(), atOnce]);
  } finally {
    signals.forget();
  }
}

/** What to do about a refusal that is about a virtual host; undefined of any other. */
export function virtualHostCure(message: string): string | undefined {
  // RabbitMQ takes the host of the URL for one, and has none of that name.
  return /\bvirtual host\b/i.test(message)
    ? "name the virtual host by --host; of RabbitMQ it is --host / unless it was set up otherwise"
    : undefined;
}

/** Characters that are shown of what a broker says. */
const TOLD_MAX = 2000;

/** What is told of a failure, and where there is more about it. */
export function sentenceOf(error: ClientError): string {
  const told =
    error.message.length > TOLD_MAX ? `${error.message.slice(0, TOLD_MAX)}…` : error.message;
  const message = visibleLines(told);
  if (!(error instanceof BrokerError)) return message;
  const { code } = error;
  const cure = virtualHostCure(message);
  const more = [
    ...(code !== undefined && explains(code) ? [`stompbox explain ${code} says more`] : []),
    ...(cure === undefined ? [] : [cure]),
  ];
  return [`The broker refused: ${message}`, ...more].join("\n  ");
}

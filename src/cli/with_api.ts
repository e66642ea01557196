/** What every command does that makes calls of a broker's API: find it, give way to Ctrl-C, tell of failures. */

import { ApiError, type CallApi } from "../api/call_api.ts";
import { after } from "../client/after.ts";
import type { BrokerUrl } from "../client/broker_url.ts";
import { ConnectError } from "../client/client_error.ts";
import type { Trust } from "../client/client_wire.ts";
import { visibleLines, visibleText } from "../observe/visible_text.ts";
import { ApiMissing, findApi } from "./broker_api.ts";
import { type CommandContext, EXIT, type ExitCode, reportFailure } from "./command.ts";
import type { ConnectionValues } from "./connection_options.ts";
import { showWaiting } from "./progress.ts";
import { readTrust } from "./read_trust.ts";
import { watchSignals } from "./stop_signals.ts";
import type { Terminal } from "./terminal.ts";

/** What {@link withApi} does. */
export interface ApiUse {
  readonly connection: ConnectionValues;
  /** What cannot be done without an API, to follow "Cannot". */
  readonly what: string;
  /**
   * The work. `stopped` settles with Ctrl-C, and when nobody reads the output
   * any more; that also ends the calls that are under way.
   */
  readonly work: (api: CallApi, stopped: Promise<void>) => Promise<ExitCode>;
  /** What to do in its place where there is no API, or one for its own machine alone. */
  readonly otherwise?: () => Promise<ExitCode>;
}

/** Finds the API of a broker and does the work with it; tells of whatever fails on the way. */
export async function withApi(
  context: CommandContext,
  { connection, what, work, otherwise }: ApiUse,
): Promise<ExitCode> {
  const { terminal } = context;
  const { url } = connection;
  const trust = readTrust(context, connection);
  if (trust === undefined) return EXIT.misuse;
  const signals = watchSignals(terminal, terminal.runtime);
  const stop = new AbortController();
  const stopped = Promise.race([signals.first, terminal.out.gone]).then(() => stop.abort());
  try {
    const waiting = <T>(promise: Promise<T>): Promise<T> =>
      showWaiting(terminal, { what: `Waiting for ${visibleText(url.shown)}`, promise });
    const { runtime } = terminal;
    const api = await waiting(reachApi(url, { trust, stop: stop.signal, runtime }));
    return await work((name, input) => waiting(api(name, input)), stopped);
  } catch (error) {
    if (stop.signal.aborted) return EXIT.failed;
    if (otherwise !== undefined && isClosed(error)) {
      signals.forget();
      return await otherwise();
    }
    const sentence = apiFailure(error, { url, what });
    if (sentence === undefined) throw error;
    return reportFailure(terminal, sentence);
  } finally {
    signals.forget();
  }
}

/** How long a broker may take to answer, in ms. */
const LOOK_MS = 10_000;
/** The same for what may concern a million messages. */
const CHANGE_MS = 5 * 60_000;
const CHANGES: ReadonlySet<string> = new Set(["purgeQueue", "moveMessages", "retryMessages"]);

/**
 * Finds the API of a broker. Its calls end by an answer, by `stop`, or since
 * none came in time; {@link apiFailure} has the words for what they throw.
 */
export async function reachApi(
  url: BrokerUrl,
  about: {
    readonly trust: Trust;
    readonly stop: AbortSignal;
    readonly runtime: Terminal["runtime"];
  },
): Promise<CallApi> {
  const { trust } = about;
  const api = await bounded({ ...about, ms: LOOK_MS }, (signal) => findApi(url, { trust, signal }));
  return (name, input) =>
    bounded({ ...about, ms: CHANGES.has(name) ? CHANGE_MS : LOOK_MS }, (signal) =>
      api(name, input, { signal }),
    );
}

/** What is told of a failed call; undefined for an error that is none of an API. */
export function apiFailure(
  error: unknown,
  about: { readonly url: BrokerUrl; readonly what: string },
): string | undefined {
  const sentence = failureSentence(error, about);
  return sentence === undefined ? undefined : visibleLines(sentence);
}

function failureSentence(
  error: unknown,
  { url, what }: { readonly url: BrokerUrl; readonly what: string },
): string | undefined {
  if (error instanceof ApiMissing) return `Cannot ${what}: ${error.message}`;
  if (error instanceof LateError) {
    return `Cannot ${what}: ${url.shown} gave no answer within ${error.ms / 1000} s`;
  }
  return error instanceof ApiError || error instanceof ConnectError ? error.message : undefined;
}

/** HTTP status of what is open to the broker's own machine alone. */
const FORBIDDEN = 403;

function isClosed(error: unknown): boolean {
  if (error instanceof ApiMissing) return true;
  return error instanceof ApiError && error.status === FORBIDDEN;
}

/** No answer came within `ms`. */
class LateError extends Error {
  readonly ms: number;

  constructor(ms: number) {
    super(`No answer within ${ms} ms`);
    this.ms = ms;
  }
}

/** @throws LateError */
async function bounded<T>(
  about: {
    readonly stop: AbortSignal;
    readonly runtime: Terminal["runtime"];
    readonly ms: number;
  },
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { stop, runtime, ms } = about;
  const late = new AbortController();
  const forget = after(runtime, { ms, task: () => late.abort() });
  try {
    return await call(AbortSignal.any([stop, late.signal]));
  } catch (error) {
    if (late.signal.aborted) throw new LateError(ms);
    throw error;
  } finally {
    forget();
  }
}

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, apiAt } from "../../src/api/call_api.ts";
import type { CallAnswer, CallInput, CallName } from "../../src/api/calls.ts";
import { brokerRoot } from "./this_broker.ts";

/** Makes calls of this broker's API. */
export const callApi = apiAt(brokerRoot, (input, init) => fetch(input, init));

/** The answers to a call that is made again and again. */
export interface Polled<A> {
  /** The latest answer; that to the former input while the new one is on its way. */
  readonly value: A | undefined;
  /** When `value` came, in ms of `performance.now()`. */
  readonly at: number;
  /** Whether `value` answers a former input. */
  readonly stale: boolean;
  /** Why the latest call failed; absent once one succeeds. */
  readonly error: ApiError | undefined;
  /** Makes the call now. */
  readonly refresh: () => void;
}

/**
 * Makes a call now and every `everyMs`, but not while nobody sees the page.
 * With an input of `undefined` it makes none.
 */
export function usePolled<N extends CallName>(
  name: N,
  input: CallInput<N> | undefined,
  everyMs: number,
): Polled<CallAnswer<N>> {
  const key = input === undefined ? "" : JSON.stringify([name, input]);
  const [answer, setAnswer] = useState<{ key: string; value: CallAnswer<N>; at: number }>();
  const [failure, setFailure] = useState<{ key: string; error: ApiError }>();
  const [round, setRound] = useState(0);
  const inputRef = useRef(input);
  inputRef.current = input;

  useEffect(() => {
    if (key === "") return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let aborter: AbortController | undefined;
    const ask = async (): Promise<void> => {
      const given = inputRef.current;
      if (given === undefined || document.hidden) return;
      aborter = new AbortController();
      const { signal } = aborter;
      try {
        const value = await callApi(name, given, { signal });
        if (signal.aborted) return;
        setAnswer({ key, value, at: performance.now() });
        setFailure(undefined);
      } catch (error) {
        if (signal.aborted) return;
        setFailure({ key, error: asApiError(error) });
      }
      aborter = undefined;
      timer = setTimeout(ask, everyMs);
    };
    const onVisible = (): void => {
      if (document.hidden || aborter !== undefined) return;
      clearTimeout(timer);
      void ask();
    };
    document.addEventListener("visibilitychange", onVisible);
    void ask();
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      clearTimeout(timer);
      aborter?.abort();
    };
  }, [key, name, everyMs, round]);

  const refresh = useCallback(() => setRound((count) => count + 1), []);
  return {
    value: key === "" ? undefined : answer?.value,
    at: answer?.at ?? 0,
    stale: answer !== undefined && answer.key !== key,
    error: failure?.key === key ? failure.error : undefined,
    refresh,
  };
}

/** Any failure of a call as the one kind that pages show. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(message, { status: 0, cause: error });
}

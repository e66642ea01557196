import type { CallAnswer, CallArguments, CallName } from "../api/calls.ts";

/**
 * What the console and the API need of a broker: a function for each call of
 * the API that is about looking after it. Whoever builds the broker fulfils
 * it; the engine does not know that there is a console.
 *
 * Each throws, or rejects with, a `Fault` for what it refuses: `not-found`
 * when the thing named is not there, otherwise what a client would be told.
 */
export type Admin = {
  readonly [N in CallName]: (given: CallArguments<N>) => CallAnswer<N> | Promise<CallAnswer<N>>;
};

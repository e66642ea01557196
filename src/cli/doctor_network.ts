/** Whether a broker's machine is found, and whether something listens there. */

import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import type { BrokerUrl } from "../client/broker_url.ts";
import type { Trust } from "../client/client_wire.ts";
import { codeOf } from "../client/connect_failure.ts";
import type { Runtime } from "../runtime.ts";
import type { Finding } from "./doctor_finding.ts";
import { inTime } from "./in_time.ts";
import { readableTime } from "./readable_amount.ts";

/** The broker that is examined, and how. */
export interface Patient {
  readonly url: BrokerUrl;
  readonly trust: Trust;
  readonly runtime: Runtime;
}

const LOOKUP_MS = 10_000;
const CONNECT_MS = 5_000;
/** More addresses than these are not tried. */
const ADDRESSES_MAX = 8;

/** Milliseconds, finer than a clock has them: what is near answers within one. */
export function stopwatch(): () => number {
  const start = performance.now();
  return () => Number((performance.now() - start).toFixed(3));
}

/** The addresses of a broker's name; none if the finding says so. */
export async function findAddresses({ url: { host }, runtime }: Patient): Promise<{
  readonly finding: Finding;
  readonly addresses: readonly string[];
}> {
  const check = "address";
  if (isIP(host) !== 0) {
    return {
      finding: { check, verdict: "ok", seen: `${host} needs no name server` },
      addresses: [host],
    };
  }
  const elapsed = stopwatch();
  let reason: string;
  try {
    const found = await inTime(lookup(host, { all: true }), { runtime, ms: LOOKUP_MS });
    const addresses = [...new Set(found?.map(({ address }) => address))].slice(0, ADDRESSES_MAX);
    const ms = elapsed();
    if (addresses.length > 0) {
      const seen = `${host} is ${addresses.join(", ")}, found in ${readableTime(ms)}`;
      return { finding: { check, verdict: "ok", seen, facts: { addresses, ms } }, addresses };
    }
    reason = found === undefined ? `no answer within ${LOOKUP_MS / 1000} s` : "none";
  } catch (error) {
    reason = codeOf(error);
  }
  const finding: Finding = {
    check,
    verdict: "fail",
    seen: `no address is known for "${host}" (${reason})`,
    remedy: "correct the name, or ask why the name server of this machine does not know it",
    facts: { reason },
  };
  return { finding, addresses: [] };
}

/** Which of the addresses take a connection; the first of them is used from then on. */
export async function reachAddresses(
  { url: { carrier, port }, runtime }: Patient,
  addresses: readonly string[],
): Promise<{ readonly finding: Finding; readonly address: string | undefined }> {
  const tried = await Promise.all(addresses.map((address) => reach({ address, port, runtime })));
  const reached = tried.filter(({ reason }) => reason === undefined);
  const [first] = reached;
  const seen = tried
    .map(({ address, ms, reason }) => {
      const place = `${address.includes(":") ? `[${address}]` : address}:${port}`;
      return reason === undefined
        ? `${place} in ${readableTime(ms)}`
        : `${place} does not: ${reason}`;
    })
    .join(", ");
  const facts = { port, addresses: tried };
  const check = "connect";
  if (first === undefined) {
    const usual = carrier === "ws" ? "61614 for ws" : "61613 for tcp";
    const refused = tried.some(({ code }) => code === "ECONNREFUSED");
    const remedy = refused
      ? `start the broker there, have it listen on that address, or correct the port (of stompbox it is ${usual})`
      : "ask for a firewall on the way, and whether the address is right";
    return { finding: { check, verdict: "fail", seen, remedy, facts }, address: undefined };
  }
  if (reached.length < tried.length) {
    const remedy =
      "have the broker listen there too, or take the address off the name: some clients try it first";
    return { finding: { check, verdict: "warn", seen, remedy, facts }, address: first.address };
  }
  return { finding: { check, verdict: "ok", seen, facts }, address: first.address };
}

interface Reached {
  readonly address: string;
  readonly ms: number;
  /** Why there is no connection, if there is none. */
  readonly reason?: string;
  readonly code?: string;
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ETIMEDOUT: "no answer",
  EHOSTUNREACH: "no way leads there",
  ENETUNREACH: "no way leads there",
};

async function reach(at: {
  readonly address: string;
  readonly port: number;
  readonly runtime: Runtime;
}): Promise<Reached> {
  const { address, port, runtime } = at;
  const elapsed = stopwatch();
  const ended = Promise.withResolvers<Reached>();
  const socket = connect({ host: address, port });
  socket.on("connect", () => ended.resolve({ address, ms: elapsed() }));
  socket.on("error", (error) => {
    const code = codeOf(error);
    ended.resolve({ address, ms: elapsed(), code, reason: REASONS[code] ?? error.message });
  });
  const reached = await inTime(ended.promise, { runtime, ms: CONNECT_MS });
  socket.destroy();
  const reason = `no answer within ${CONNECT_MS / 1000} s`;
  return reached ?? { address, ms: elapsed(), code: "ETIMEDOUT", reason };
}

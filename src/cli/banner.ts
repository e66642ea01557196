/** What the broker says of itself when it has started. */

import type { ListenerAddress } from "../stompbox.ts";

/** The facts that the banner and the line for machines share. */
export interface StartFacts {
  readonly version: string;
  readonly pid: number;
  readonly addresses: readonly ListenerAddress[];
  /** `memory`, or where messages are kept. */
  readonly storage: string;
  /** Whether only this machine can reach the listeners. */
  readonly loopback: boolean;
}

/** URLs shown in the banner; more are counted, so that it stays within ten lines. */
const SHOWN_MAX = 4;

/** The banner for a person: at most ten lines, without line ends. */
export function bannerLines(facts: StartFacts, { color }: { readonly color: boolean }): string[] {
  const paint = (code: string, text: string): string =>
    color ? `\x1b[${code}m${text}\x1b[0m` : text;
  const [page] = pageUrls(facts.addresses);
  const [stomp] = facts.addresses.filter(({ scheme }) => scheme === "tcp");
  const stompHost = stomp === undefined || isEverywhere(stomp.host) ? "localhost" : stomp.host;
  const rows = startUrls(facts.addresses).map((url) => row(labelOf(url), paint("36", url)));
  const left = rows.length - (SHOWN_MAX - 1);
  const shown =
    rows.length > SHOWN_MAX ? [...rows.slice(0, SHOWN_MAX - 1), row("", `and ${left} more`)] : rows;
  const storage =
    facts.storage === "memory" ? "memory: nothing survives a restart" : `disk: ${facts.storage}`;
  const attempts =
    page !== undefined
      ? [
          `open ${paint("36", `${page}chat/`)} in two windows`,
          ...(facts.loopback ? [`and ${paint("36", `${page}console/`)} to see every frame`] : []),
        ]
      : [`printf 'CONNECT\\n\\n\\0' | nc ${stompHost} ${stomp?.port ?? 61613}`];
  return [
    `${paint("1", `stompbox ${facts.version}`)}  ${storage}`,
    "",
    ...shown,
    row("login", loginText(facts)),
    "",
    ...attempts.map((attempt, index) => row(index === 0 ? "try" : "", attempt)),
  ];
}

/** The same facts as one line of JSON, without its end. */
export function startLine(facts: StartFacts): string {
  const { version, pid, storage } = facts;
  const urls = startUrls(facts.addresses);
  return JSON.stringify({ name: "stompbox", version, pid, urls, storage, login: loginText(facts) });
}

/** Every URL that can be used: pages first, then WebSocket, then TCP; none twice. */
function startUrls(addresses: readonly ListenerAddress[]): string[] {
  const of = (scheme: ListenerAddress["scheme"]): string[] =>
    addresses.filter((address) => address.scheme === scheme).map(({ url }) => reachable(url));
  return [...new Set([...pageUrls(addresses), ...of("ws"), ...of("tcp")])];
}

function pageUrls(addresses: readonly ListenerAddress[]): string[] {
  return addresses
    .filter(({ scheme }) => scheme === "ws")
    .map(({ url }) => reachable(url).replace(/^ws:/, "http:").replace(/\/*$/, "/"));
}

/** A URL that can be opened: nobody can connect to the address that stands for all. */
function reachable(url: string): string {
  return url.replace(/^([a-z]+:\/\/)(?:0\.0\.0\.0|\[::\])(?=[:/]|$)/, "$1localhost");
}

function isEverywhere(host: string): boolean {
  return host === "0.0.0.0" || host === "::";
}

function labelOf(url: string): string {
  if (url.startsWith("http:")) return "page";
  return url.startsWith("ws:") ? "websocket" : "stomp";
}

function loginText({ loopback }: StartFacts): string {
  return loopback ? "anyone on this machine" : "anyone who can reach it";
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(10)} ${text}`;
}

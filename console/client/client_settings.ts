import { readHeaderLines } from "./header_lines.ts";

/** What a person fills in to connect. */
export interface ClientSettings {
  readonly url: string;
  readonly login: string;
  /** Neither stored nor put in any address. */
  readonly passcode: string;
  /** The `host` header; none if empty. */
  readonly virtualHost: string;
  /** Versions offered, with commas. */
  readonly versions: string;
  /** What this client offers to send and asks to get, in ms; 0 none. */
  readonly heartBeatOut: string;
  readonly heartBeatIn: string;
  /** Further headers of CONNECT, a line each. */
  readonly headers: string;
}

/** What to connect with, checked. */
export interface ConnectPlan {
  readonly url: string;
  readonly versions: readonly string[];
  readonly heartBeatOutMs: number;
  readonly heartBeatInMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** The offers of versions there are; the first is the usual one. */
export const VERSION_CHOICES = ["1.2,1.1,1.0", "1.2", "1.1", "1.0"] as const;

const HEART_BEAT_MAX_MS = 3_600_000;

/** Checks what was filled in: a plan, or a sentence for each mistake. */
export function planConnection(
  settings: ClientSettings,
):
  | { readonly plan: ConnectPlan; readonly mistakes: readonly [] }
  | { readonly plan: undefined; readonly mistakes: readonly string[] } {
  const { login, passcode, virtualHost, versions, heartBeatOut, heartBeatIn } = settings;
  const url = settings.url.trim();
  const { headers, mistakes: headerMistakes } = readHeaderLines(settings.headers);
  const mistakes = [
    ...urlMistakes(url),
    ...heartBeatMistakes("send", heartBeatOut),
    ...heartBeatMistakes("get", heartBeatIn),
    ...headerMistakes,
  ];
  if (mistakes.length > 0) return { plan: undefined, mistakes };
  return {
    plan: {
      url,
      versions: versions.split(","),
      heartBeatOutMs: Number(heartBeatOut),
      heartBeatInMs: Number(heartBeatIn),
      headers: {
        ...Object.fromEntries(headers),
        ...(login === "" ? {} : { login }),
        ...(passcode === "" ? {} : { passcode }),
        ...(virtualHost === "" ? {} : { host: virtualHost }),
      },
    },
    mistakes: [],
  };
}

function urlMistakes(text: string): string[] {
  const expected = "expected ws://HOST:PORT/ or wss://…";
  const url = URL.parse(text);
  if (url === null) return [`Cannot connect to ${JSON.stringify(text)}: no URL, ${expected}`];
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    return [
      `Cannot connect to ${JSON.stringify(text)}: a page can only use WebSockets, ${expected}`,
    ];
  }
  if (url.username !== "" || url.password !== "") {
    return ["Cannot connect with a password in the URL: use the fields for login and passcode"];
  }
  return url.hash === "" ? [] : [`Cannot connect to ${JSON.stringify(text)}: leave out the #`];
}

function heartBeatMistakes(what: string, text: string): string[] {
  const isRight = /^\d{1,7}$/.test(text) && Number(text) <= HEART_BEAT_MAX_MS;
  return isRight
    ? []
    : [
        `Cannot ${what} heart-beats every ${JSON.stringify(text)} ms: expected 0 to ${HEART_BEAT_MAX_MS}`,
      ];
}

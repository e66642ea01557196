/** Whether STOMP works: login, heart-beats, messages there and back, small and large. */

import { BrokerError, ClientError, ConnectError } from "../client/client_error.ts";
import { givesBack } from "../client/spellings.ts";
import { messageHeader, type ReceivedMessage } from "../client/received_message.ts";
import { connectClient, type StompClient } from "../client/stomp_client.ts";
import type { ConnectionValues } from "./connection_options.ts";
import type { Finding } from "./doctor_finding.ts";
import { type Patient, stopwatch } from "./doctor_network.ts";
import { isConfirmed } from "./is_confirmed.ts";
import { inTime } from "./in_time.ts";
import { virtualHostCure } from "./with_broker.ts";
import { readableBytes, readableTime } from "./readable_amount.ts";

/** How STOMP is examined. */
export interface StompExam {
  readonly patient: Patient;
  readonly connection: ConnectionValues;
  /** Interval of heart-beats asked for, in ms. */
  readonly heartBeatMs: number;
  /** Whether to look for the largest frame. */
  readonly large: boolean;
}

const LOGIN_MS = 5_000;
const ECHO_MS = 10_000;
/** Longer intervals are not waited for. */
const BEAT_MS_MAX = 30_000;
/** How long a beat may be late. */
const SLACK_MS = 500;
const ROUND_TRIPS = 20;
/** Bodies tried, each twice the one before. */
const BODY_BYTES_MIN = 1024;
const BODY_BYTES_MAX = 1024 ** 2;

/** Logs in and looks at everything that a client needs, one after the other. */
export async function* examineStomp(exam: StompExam): AsyncGenerator<Finding> {
  const { patient, connection, heartBeatMs, large } = exam;
  const { url, trust, runtime } = patient;
  const ears: Ears = { heard: () => undefined };
  const elapsed = stopwatch();
  const login = { ...connection, url, trust, runtime, heartBeatMs, timeoutMs: LOGIN_MS };
  let client: StompClient;
  /** Sends what the client is to get; the same, where the broker lets it be. */
  let sender: StompClient;
  try {
    client = await connectClient({ ...login, heard: () => ears.heard() });
    sender = givesBack(client.server) ? client : await connectClient(login);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    yield loginFailure(exam, error);
    return;
  }
  try {
    yield loggedIn(client, elapsed());
    yield await examineBeats(client, { ears, exam });
    const echo = await openEcho({ client, sender }, patient);
    if ("verdict" in echo) {
      yield echo;
      return;
    }
    const trips = await examineRoundTrips(echo);
    yield trips;
    if (large && trips.verdict !== "fail") yield await examineSizes(echo);
  } finally {
    await Promise.all([client.disconnect(), sender.disconnect()]);
  }
}

/** Who is told that something came. */
interface Ears {
  heard: () => void;
}

function loginFailure({ patient: { url } }: StompExam, error: ClientError): Finding {
  const check = "stomp";
  if (error instanceof BrokerError) {
    const code = error.code === undefined ? "" : ` (code ${error.code})`;
    const remedy =
      virtualHostCure(error.message) ??
      "give the login that the broker knows by --login and STOMPBOX_PASSCODE, the virtual host by --host";
    return { check, verdict: "fail", seen: `the broker refused: ${error.message}${code}`, remedy };
  }
  const isMute = error instanceof ConnectError && error.failure === "timeout";
  // What to try instead is said below.
  const [seen = ""] = error.message.replace(/^Cannot connect to \S+: /, "").split("; ");
  const other = url.carrier === "tcp" ? "ws:// for HTTP, ssl:// for TLS" : "tcp:// or another path";
  const remedy = isMute
    ? `what listens there may wait for another protocol: try ${other}; or the broker is stuck: see its log`
    : `what listens there may speak another protocol: try ${other}`;
  return { check, verdict: "fail", seen, remedy };
}

function loggedIn({ version, server }: StompClient, ms: number): Finding {
  const who = server === "" ? "a broker that does not say its name" : server;
  const seen = `STOMP ${version} with ${who}, logged in within ${readableTime(ms)}`;
  const facts = { version, server, ms };
  if (version !== "1.0") return { check: "stomp", verdict: "ok", seen, facts };
  const remedy =
    "STOMP 1.0 has no heart-beats and no NACK: use a broker, or a setting of it, with 1.2";
  return { check: "stomp", verdict: "warn", seen, remedy, facts };
}

async function examineBeats(
  client: StompClient,
  { ears, exam }: { readonly ears: Ears; readonly exam: StompExam },
): Promise<Finding> {
  const check = "heart-beat";
  const { heartBeatMs, patient } = exam;
  const asked = `${heartBeatMs},${heartBeatMs}`;
  const granted = client.connectedHeader("heart-beat") ?? "0,0";
  const [sends = 0, wants = 0] = granted.split(",").map(Number);
  const facts = { asked, granted };
  const agreed = `asked for ${asked}, granted ${granted}`;
  if (heartBeatMs === 0) return { check, verdict: "ok", seen: "none asked for", facts };
  if (!(sends > 0)) {
    const remedy =
      "have the broker send heart-beats, or clients will not notice when it is gone, and proxies may end idle connections";
    return { check, verdict: "warn", seen: `${agreed}: the broker sends none`, remedy, facts };
  }
  const intervalMs = Math.max(heartBeatMs, sends);
  if (intervalMs > BEAT_MS_MAX) {
    const seen = `${agreed}; ${readableTime(intervalMs)} are too long to wait for`;
    return { check, verdict: "ok", seen, facts };
  }
  const elapsed = stopwatch();
  const beat = new Promise<"beat">((resolve) => {
    ears.heard = () => resolve("beat");
  });
  const lost = client.closed.then(() => "lost" as const);
  const waitMs = 2 * intervalMs + SLACK_MS;
  const came = await inTime(Promise.race([beat, lost]), { runtime: patient.runtime, ms: waitMs });
  if (came !== "beat") {
    const remedy =
      "see whether a proxy in between holds back or collects what is small, or the broker is overloaded";
    const seen = `${agreed}, but none came within ${readableTime(elapsed())}`;
    return { check, verdict: "fail", seen, remedy, facts };
  }
  const ms = elapsed();
  const kept = `the first came after ${readableTime(ms)}`;
  if (!(wants > 0)) {
    const remedy =
      "have the broker ask for heart-beats, or it will not notice when clients are gone";
    return {
      ...{ check, verdict: "warn", seen: `${agreed}: ${kept}, but the broker wants none` },
      ...{ remedy, facts: { ...facts, ms } },
    };
  }
  return { check, verdict: "ok", seen: `${agreed}: ${kept}`, facts: { ...facts, ms } };
}

/** Sends messages to itself. */
interface Echo {
  /** Whether the broker has confirmed the subscription. */
  readonly confirmed: boolean;
  /** How long it took, in ms; or a sentence that says why the message did not come back. */
  readonly call: (body: string) => Promise<number | string>;
}

const NUMBER = "round-trip";

/** Subscribes to a topic that nobody else knows. */
async function openEcho(
  { client, sender }: { readonly client: StompClient; readonly sender: StompClient },
  { runtime }: Patient,
): Promise<Echo | Finding> {
  const destination = `/topic/stompbox-doctor.${runtime.id().replace(/[^A-Za-z0-9]/g, "")}`;
  let calls = 0;
  let came: (message: ReceivedMessage) => void = () => undefined;
  const lost = Promise.race([client.closed, sender.closed]).then((reason) => lossText(reason));
  const subscription = client.subscribe({ destination, receive: (message) => came(message) });
  const subscribed = await isConfirmed([subscription], { client, runtime }).catch(() => lost);
  if (typeof subscribed === "string") {
    return {
      check: "round-trip",
      verdict: "warn",
      seen: `cannot subscribe to ${destination}: ${subscribed}`,
      remedy: "to have messages examined, allow SEND and SUBSCRIBE to /topic/stompbox-doctor.>",
    };
  }
  return {
    confirmed: subscribed,
    call: async (body) => {
      const number = String(++calls);
      const elapsed = stopwatch();
      const back = new Promise<number | string>((resolve) => {
        came = (message) => {
          if (messageHeader(message, NUMBER) !== number) return;
          const whole = message.body.length === body.length;
          resolve(whole ? elapsed() : "it came back with another length");
        };
      });
      try {
        sender.send({ destination, headers: [NUMBER, number], body });
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
      }
      const outcome = await inTime(Promise.race([back, lost]), { runtime, ms: ECHO_MS });
      return outcome ?? `it did not come back within ${readableTime(ECHO_MS)}`;
    },
  };
}

function lossText(reason: ClientError | undefined): string {
  if (reason instanceof BrokerError) {
    const code = reason.code === undefined ? "" : ` (code ${reason.code})`;
    return `the broker refused: ${reason.message}${code}`;
  }
  return (
    reason?.message.replace(/^Lost the connection to \S+: it /, "the connection ") ??
    "the connection ended"
  );
}

async function examineRoundTrips({ call, confirmed }: Echo): Promise<Finding> {
  const check = "round-trip";
  const times: number[] = [];
  for (let trip = 0; trip < ROUND_TRIPS; trip++) {
    const outcome = await call(String(trip));
    if (typeof outcome === "string") {
      return {
        ...{ check, verdict: "fail", seen: `a message did not come back: ${outcome}` },
        remedy: "see the log of the broker, and of what is in between",
      };
    }
    times.push(outcome);
  }
  times.sort((a, b) => a - b);
  const minMs = times[0] ?? 0;
  const medianMs = times[Math.floor(times.length / 2)] ?? 0;
  const seen = `at least ${readableTime(minMs)}, in the middle ${readableTime(medianMs)}, of ${ROUND_TRIPS} messages`;
  const facts = { minMs, medianMs, count: ROUND_TRIPS, subscribeConfirmed: confirmed };
  const silent = confirmed ? "" : "; the broker sends no RECEIPT for SUBSCRIBE";
  return { check, verdict: "ok", seen: seen + silent, facts };
}

async function examineSizes({ call }: Echo): Promise<Finding> {
  const check = "frame-size";
  let passed = 0;
  for (let size = BODY_BYTES_MIN; size <= BODY_BYTES_MAX; size *= 2) {
    const outcome = await call("x".repeat(size));
    if (typeof outcome === "string") {
      const most = passed === 0 ? "none" : readableBytes(passed);
      return {
        check,
        verdict: passed === 0 ? "fail" : "warn",
        seen: `bodies of ${most} pass, ${readableBytes(size)} do not: ${outcome}`,
        remedy:
          "raise the limit of the broker (of stompbox limits.frame-bytes-max), or of the proxy in between, or keep messages smaller",
        facts: { passedBytes: passed, failedBytes: size, reason: outcome },
      };
    }
    passed = size;
  }
  const seen = `bodies of ${readableBytes(passed)} pass, larger ones were not tried`;
  return { check, verdict: "ok", seen, facts: { passedBytes: passed } };
}

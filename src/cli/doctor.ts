/** `stompbox doctor`. */

import { type BrokerUrl, BrokerUrlError, parseBrokerUrl } from "../client/broker_url.ts";
import { visibleText } from "../observe/visible_text.ts";
import { type CommandContext, defineCommand, EXIT, type ExitCode } from "./command.ts";
import { durationOr, optionalOperand, parsed, ReadError, toggle } from "./command_option.ts";
import { CONNECTION, type ConnectionValues } from "./connection_options.ts";
import { type Finding, findingJson, findingText } from "./doctor_finding.ts";
import { findAddresses, type Patient, reachAddresses } from "./doctor_network.ts";
import { examineStomp } from "./doctor_stomp.ts";
import { examineTls } from "./doctor_tls.ts";
import { examineUpgrade } from "./doctor_upgrade.ts";
import { showWaiting } from "./progress.ts";
import { readTrust } from "./read_trust.ts";
import { readableCount } from "./readable_amount.ts";
import { showValue } from "./show_value.ts";
import { watchSignals } from "./stop_signals.ts";

/** Finds out what is wrong on the way to a broker. */
export const doctorCommand = defineCommand({
  name: "doctor",
  summary: "find out what is wrong between here and a broker, step by step",
  group: "look",
  operands: {
    broker: optionalOperand({
      placeholder: "URL",
      description: "the broker; --url means the same",
    }),
  },
  options: {
    origin: parsed(readOrigin, {
      placeholder: "ORIGIN",
      description: "may pages from there connect? https://shop.example",
    }),
    heartBeat: durationOr(1_000, {
      min: 0,
      max: 3_600_000,
      description: "ask for heart-beats this often, and wait for one",
    }),
    noLarge: toggle({ description: "do not look for the largest frame that passes" }),
    json: toggle({ description: "JSON lines" }),
  },
  shared: CONNECTION,
  examples: [
    { line: "stompbox doctor", about: "everything about the broker on the default port" },
    {
      line: "stompbox doctor --origin http://localhost:5173",
      about: "may the pages of a development server connect?",
    },
    {
      line: "stompbox doctor --heart-beat 500ms --no-large --json",
      about: "other heart-beats, no large frames, for other programs",
    },
  ],
  exits: { [EXIT.ok]: "all is well, but for warnings", [EXIT.failed]: "something failed" },
  contradictions: ({ options, operands: { broker } }, { given }) => {
    const mistakes: string[] = [];
    const url = broker === undefined ? options.url : brokerUrl(broker);
    if (typeof url === "string") mistakes.push(url);
    if (broker !== undefined && given.values.has("url")) {
      mistakes.push("Cannot examine two brokers: expected URL or --url");
    }
    if (options.origin !== undefined && typeof url !== "string" && url.carrier === "tcp") {
      mistakes.push(`Cannot use --origin with ${url.shown}: only WebSockets have one`);
    }
    return mistakes;
  },
  run: (context, { options, operands: { broker } }) => {
    const url = broker === undefined ? options.url : brokerUrl(broker);
    if (typeof url === "string") return EXIT.misuse;
    return examineAll(context, { ...options, url });
  },
});

/** What a URL means, or a sentence that says why it cannot be used. */
function brokerUrl(text: string): BrokerUrl | string {
  try {
    return parseBrokerUrl(text);
  } catch (error) {
    if (error instanceof BrokerUrlError) return error.message;
    throw error;
  }
}

function readOrigin(text: string): string {
  const origin = text.trim();
  if (URL.parse(origin)?.origin === origin && /^https?:/.test(origin)) return origin;
  throw new ReadError(
    `Cannot use ${showValue(text)} as an origin: expected scheme, host and port, such as https://shop.example`,
  );
}

type Plan = ConnectionValues & {
  readonly origin?: string | undefined;
  readonly heartBeat: number;
  readonly noLarge: boolean;
  readonly json: boolean;
};

async function examineAll(context: CommandContext, plan: Plan): Promise<ExitCode> {
  const { terminal } = context;
  const { out, runtime } = terminal;
  const trust = readTrust(context, plan);
  if (trust === undefined) return EXIT.misuse;
  const signals = watchSignals(terminal, runtime);
  const stopped = Promise.race([signals.first, out.gone]);
  const width = out.isTerminal ? out.size().columns : undefined;
  const counts = { ok: 0, warn: 0, fail: 0 };
  try {
    if (!plan.json) out.write(`Examining ${visibleText(plan.url.shown)}\n`);
    const findings = examine({ url: plan.url, trust, runtime }, plan);
    for (;;) {
      const promise = Promise.race([findings.next(), stopped]);
      const next = await showWaiting(terminal, { what: "Examining", promise });
      if (next === undefined) {
        void findings.return(undefined);
        return EXIT.failed;
      }
      if (next.done === true) break;
      counts[next.value.verdict]++;
      out.write(
        plan.json ? findingJson(next.value) : findingText(next.value, { color: out.color, width }),
      );
    }
  } finally {
    signals.forget();
  }
  if (!plan.json) out.write(`${summaryOf(counts)}\n`);
  return counts.fail > 0 ? EXIT.failed : EXIT.ok;
}

function summaryOf({ warn, fail }: { readonly warn: number; readonly fail: number }): string {
  const parts = [
    ...(fail === 0 ? [] : [`${readableCount(fail, "check")} failed`]),
    ...(warn === 0 ? [] : [readableCount(warn, "warning")]),
  ];
  return parts.length === 0 ? "All is well" : parts.join(", ");
}

/** Each step stands on those before it: the first that fails is the last. */
async function* examine(patient: Patient, plan: Plan): AsyncGenerator<Finding> {
  const { url } = patient;
  const found = await findAddresses(patient);
  yield found.finding;
  if (found.addresses.length === 0) return;
  const reached = await reachAddresses(patient, found.addresses);
  yield reached.finding;
  const { address } = reached;
  if (address === undefined) return;
  if (url.tls) {
    const findings = await examineTls(patient, address);
    yield* findings;
    if (findings.some(({ verdict }) => verdict === "fail")) return;
  }
  if (url.carrier === "ws") {
    const upgraded = await examineUpgrade(patient, { address });
    yield upgraded;
    if (upgraded.verdict === "fail") return;
    if (plan.origin !== undefined)
      yield await examineUpgrade(patient, { address, origin: plan.origin });
  }
  yield* examineStomp({
    patient,
    connection: plan,
    heartBeatMs: plan.heartBeat,
    large: !plan.noLarge,
  });
}

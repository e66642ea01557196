import { describe, expect, test } from "bun:test";
import { parseArguments } from "../../src/cli/parse_arguments.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import type { Config } from "../../src/config.ts";
import { fakeTerminal } from "../cli/fake_terminal.ts";
import { openBroker } from "../support/brokers.ts";
import { commandLines, documentBlocks, shellWords } from "./documents.ts";
import { parseExample, runExample } from "./stomp_example.ts";

const blocks = documentBlocks();
const blocksOf = (language: string) =>
  blocks
    .filter((block) => block.language === language)
    .map((block) => [block.where, block] as const);

interface World {
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

/** The configuration that a command line gives; throws with its mistakes. */
function configOf({ argv = [], env = {}, files = {} }: World): Config {
  const result = loadSettings(parseArguments(argv), fakeTerminal({ env, files, folders: ["."] }));
  if ("mistakes" in result) throw new Error(result.mistakes.join("\n"));
  return result.settings.config;
}

/** Holds a conversation with a broker that runs with these options. */
async function converse(text: string, argv: readonly string[]): Promise<void> {
  const config = configOf({ argv });
  const broker = await openBroker("tcp", { ...config, listen: ["tcp://localhost:0"] });
  try {
    await runExample(parseExample(text), () => broker.open());
  } finally {
    await broker.stop();
  }
}

describe("conversations in the documentation", () => {
  test.each(blocksOf("stomp"))("%s is what happens", async (_where, { text, options }) => {
    await converse(text, options);
  });

  test("are there, and no other language is taken for one", () => {
    expect(blocksOf("stomp").length).toBeGreaterThan(10);
    const known = new Set(["stomp", "toml", "sh", "js", "ts", "html", "json", "text"]);
    expect(blocks.filter(({ language }) => !known.has(language))).toEqual([]);
  });
});

describe("configuration files in the documentation", () => {
  test.each(blocksOf("toml"))("%s is valid", (_where, { text }) => {
    configOf({ argv: ["--config", "a.toml"], files: { "a.toml": text } });
  });
});

describe("command lines in the documentation", () => {
  const lines = blocksOf("sh").flatMap(([where, block]) =>
    commandLines(block)
      .filter((line) => /\bstompbox\b/.test(line))
      .map((line) => [line, where] as const),
  );
  test.each(lines)("%s is valid (%s)", (line) => {
    const words = shellWords(line);
    const at = words.indexOf("stompbox");
    const settings = words.slice(0, at).filter((word) => /^[A-Z_]+=/.test(word));
    const env = settings.map((word) => {
      const equals = word.indexOf("=");
      return [word.slice(0, equals), word.slice(equals + 1)] as const;
    });
    const end = words.findIndex((word, index) => index > at && /^(?:[|&;>]|\d?>)/.test(word));
    const argv = words.slice(at + 1, end < 0 ? undefined : end);
    const given = parseArguments(argv, COMMANDS);
    const command = COMMANDS.find(({ name }) => name === given.command);
    if (command === undefined || command.takesConfig) {
      configOf({ argv: argv.slice(command === undefined ? 0 : 1), env: Object.fromEntries(env) });
    } else {
      const terminal = fakeTerminal({ env: Object.fromEntries(env), input: "" });
      expect(command.mistakes({ terminal, given, commands: COMMANDS })).toEqual([]);
    }
  });
});

describe("a conversation that does not happen as written", () => {
  const send = "C: SEND\ndestination:/queue/a\n\nhello^@\n";
  const subscribe = "C: SUBSCRIBE\nid:1\ndestination:/queue/a\n\n^@\n";
  const first = send + subscribe;
  const table = [
    ["another frame", `${first}S: RECEIPT\nreceipt-id:1\n\n^@\n`, "command MESSAGE instead of"],
    ["a frame that is not told of", first, "command MESSAGE instead of RECEIPT"],
    ["a frame where none is to come", `${first}S: (nothing)\n`, "command MESSAGE instead of"],
    ["another header", `${first}S: MESSAGE\nsubscription:2\n\nhello^@\n`, "subscription:2"],
    ["a header that is missing", `${first}S: MESSAGE\nack:...\n\nhello^@\n`, "Missing ack:..."],
    ["another body", `${first}S: MESSAGE\nsubscription:1\n\nhallo^@\n`, 'Received body "hello"'],
    ["a frame without an end", `${first}S: MESSAGE\nsubscription:1\n\nhello\n`, "no frame"],
    ["a frame without a blank line", "C: SEND\ndestination:/queue/a^@\n", "no blank line"],
    ["a line that is no frame", `${send}hello^@\n`, 'Cannot read "hello^@"'],
  ] as const;
  test.each(table)("fails: %s", async (_what, text, reason) => {
    await expect(converse(text, [])).rejects.toThrow(reason);
  });
});

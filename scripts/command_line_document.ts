/** Writes docs/command_line.md from the table of commands. */

import { type Command, usageOf } from "../src/cli/command.ts";
import { exitsOf, optionUsage } from "../src/cli/command_help.ts";
import { type CommandOption, optionsOf } from "../src/cli/command_option.ts";
import { CONNECTION } from "../src/cli/connection_options.ts";
import { COMMANDS } from "../src/cli/commands.ts";
import { PLACEHOLDERS } from "../src/cli/template.ts";
import { code, document, fenced, GENERATED, table } from "./markdown.ts";

/** What is told of a command beside its table. */
const REMARKS: Readonly<Record<string, readonly string[]>> = {
  serve: [
    "Its options are in [configuration.md](configuration.md): each is a flag, a variable and a " +
      "key of a file. `stompbox` alone is the same as `stompbox serve`.",
  ],
  check: ["It takes the options of `serve`, and starts nothing."],
  pub: [
    "Without a BODY the body is what standard input holds. `--lines` sends each line as it comes, " +
      "however many: what the broker has not taken yet is waited for, so memory does not grow.",
    "The command ends with 0 only when the broker has confirmed that it has everything. " +
      "`--receipt` has each message confirmed for itself, with at most 256 on their way. With " +
      "`--transaction` a mistake in the input, a refusal or Ctrl-C means that nothing was sent.",
    "With `--template`, bodies and the values of headers may have placeholders:",
    table(
      ["placeholder", "stands for"],
      PLACEHOLDERS.map(({ form, about }) => [code(form), about]),
    ),
  ],
  sub: [
    "A message is taken from the broker only once it was shown: what a pipe has not taken when " +
      "the command ends comes again. That is the mode `client-individual`. In the mode `auto` a " +
      "message counts as taken when it is sent, so with `--count` what came beyond the count is lost.",
    "The forms are `pretty`, for people, where control characters and marks of direction are shown " +
      'escaped; `json`, a line `{"destination":…,"headers":{…},"body":…}` for each message, with ' +
      "`bodyBase64` in place of `body` where that is no text; and `raw`, the bodies as they are, each " +
      "with a line end behind it, or a NUL with `--null`.",
    "`--timeout` counts from the last message. Without `--count`, whatever came until then is what " +
      "was asked for: 0, or 3 if nothing came. The end of a look into a queue (`browser:end`) ends " +
      "the command.",
  ],
  request: [
    "The reply comes to a temporary queue, and is known by its `correlation-id`. Its body is " +
      "printed as it is; text that does not end with a line end gets one. A reply with a header " +
      "`error` says that the answer failed: its value goes to standard error, and the exit code is 1.",
  ],
  reply: [
    "Requests are answered one after the other; those behind wait at the broker, for other " +
      "repliers too. The answer goes to the `reply-to` of the request, with its `correlation-id`, or " +
      "else its `message-id`. The request is acknowledged after that. A command may write at most " +
      "64 MiB.",
  ],
};

/** The text of docs/command_line.md. */
export function commandLineText(): string {
  return document([
    GENERATED,
    "# Command line",
    "`stompbox --help` fits a screen, and so does `stompbox COMMAND --help`, which begins with an " +
      "example. `stompbox help all` lists every command. Options may stand anywhere behind the " +
      "program's name, as `--name value` or `--name=value`, a letter as `-n 3` or `-n3`; behind `--` " +
      "everything is a word. All mistakes of a command line are told at once.",
    "Data goes to standard output, everything else to standard error; colours and progress are for " +
      "terminals only, and `NO_COLOR` turns colours off. Ctrl-C ends a command in order, a second one " +
      "at once. A reader that goes away, as `| head -1` does, ends a command quietly.",
    table(
      ["exit code", "means"],
      [
        ["0", "done"],
        ["1", "failed"],
        ["2", "used or configured wrongly: nothing was done"],
        ["3", "what was asked for did not come in time"],
      ],
    ),
    "## Finding a broker",
    "The commands for messages work with any broker that speaks STOMP 1.0, 1.1 or 1.2, whoever made " +
      "it.",
    optionTable(optionsOf(CONNECTION)),
    table(
      ["URL", "carries STOMP over", "also written", "port if none is given"],
      [
        [code("ws://HOST:PORT/PATH"), "WebSocket", code("http://"), "61614 on this machine, or 80"],
        [code("wss://HOST:PORT/PATH"), "WebSocket with TLS", code("https://"), "443"],
        [code("tcp://HOST:PORT"), "TCP", code("stomp://"), "61613"],
        [code("ssl://HOST:PORT"), "TCP with TLS", "`tls://`, `stomp+ssl://`", "61612"],
      ],
    ),
    "A login may stand in the URL, `tcp://LOGIN:PASSCODE@HOST`, percent-encoded; `--login` and " +
      "`--passcode` win over it. Other users of a machine can see command lines, so a passcode is " +
      "best left to `STOMPBOX_PASSCODE`.",
    ...COMMANDS.flatMap(commandSection),
  ]);
}

function commandSection(command: Command): string[] {
  const { name, summary, operands, options, examples, shared } = command;
  return [
    `## ${name}`,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    fenced("text", [usageOf(command)]),
    fenced(
      "sh",
      examples.flatMap(({ line, about }, index) => [
        ...(index === 0 ? [] : [""]),
        `# ${about}`,
        line,
      ]),
    ),
    ...(operands.length === 0
      ? []
      : [
          table(
            ["operand", "what for"],
            operands.map(({ placeholder, description, required }) => [
              code(placeholder),
              required ? description : `${description} (may be left out)`,
            ]),
          ),
        ]),
    ...(options.length === 0 ? [] : [optionTable(options)]),
    ...(shared.length === 0 ? [] : ["And those of [finding a broker](#finding-a-broker)."]),
    ...(REMARKS[name] ?? []),
    `Exit codes: ${exitsOf(command)
      .map(([number, meaning]) => `${number} ${meaning}`)
      .join(", ")}.`,
  ];
}

/** What nobody needs to be told. */
const UNTOLD: readonly string[] = ["a text that is not empty", "a path"];

function optionTable(options: readonly CommandOption[]): string {
  return table(
    ["option", "what for", "allowed", "default"],
    options.map((option) => {
      const { kind, description, allowed, fallback, variable } = option;
      const names = variable === undefined ? "" : `<br>${code(variable)}`;
      return [
        `${code(optionUsage(option))}${names}`,
        description,
        kind === "switch" || UNTOLD.includes(allowed) || allowed === option.placeholder
          ? ""
          : allowed,
        fallback ?? "",
      ];
    }),
  );
}

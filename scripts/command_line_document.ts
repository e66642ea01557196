/** Writes docs/command_line.md from the table of commands. */

import { WORKLOAD_NAMES } from "../src/cli/bench.ts";
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
      "`--transaction` a mistake in the input, a refusal or Ctrl-C means that nothing was sent. A " +
      "broker is waited for until it says nothing for 30 seconds, not even a heart-beat, or until " +
      "nothing goes on for 10 minutes; then the exit code is 1.",
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
    "A broker has 2 seconds to confirm the subscription. Some never do, so the command goes on " +
      "without that: what comes is shown, and `--timeout` counts from then.",
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
  queue: [
    "All but `browse` need the [API](api.md) of stompbox, over the HTTP of the listener that takes " +
      "its WebSockets: `ws://HOST:PORT/PREFIX` means the API below `http://HOST:PORT/PREFIX/`, and a " +
      "path such as `/ws` at its end is left out. As long as there are no accounts the API is open to " +
      "its own machine alone.",
    "`browse` shows messages in the order of delivery and leaves them there, each with its key; " +
      "`--after` goes on behind a key, and `--key` names messages to the other actions. JSON has the " +
      "whole of every body, a person sees its first 64 KiB. Where the API cannot be had, over TCP or " +
      "from another broker, `browse` subscribes with `browser:true` and acknowledges nothing; keys " +
      "are missing then, and the headers are those of a MESSAGE. RabbitMQ would hand its messages " +
      "out, so it is not asked.",
    "`purge` removes what waits, after asking at a terminal; elsewhere it needs `--yes`. `move` takes " +
      "messages to another queue, or to any destination that is written out, such as `/topic/news`. " +
      "`retry` sends dead letters back to where they came from. What consumers hold stays theirs.",
  ],
  tail: [
    "A frame has one line: the time (UTC, as in the log), the number of the connection, `→` for what " +
      "the client sent or `←` for what it got, the command, what matters of its headers, the size and " +
      "the beginning of the body. Passcodes and the like are masked by the broker. A line in between " +
      "says how many frames were left out, since there were more than anybody could read, or since " +
      "the output was not read.",
    "The filters are combined; those given more than once mean any of their values. A pattern of " +
      "`--destination` is as in SUBSCRIBE, and is held against the destination as the frame has it. " +
      "The broker sends only what may be meant. `--last` needs the API, and the broker keeps the " +
      "last 2,000 frames only while somebody watches, and 10 minutes longer.",
    "It is for stompbox, and for its own machine as long as there are no accounts. Ctrl-C ends it " +
      "with 0.",
  ],
  top: [
    "Rates are those of the last second. Queues and connections are sorted by what moves at first; " +
      "of more than 1,000 the broker gives those that the order puts first.",
    table(
      ["key", "does"],
      [
        [code("q"), "ends it; so does Ctrl-C"],
        ["`tab`, `1`, `2`", "shows the other, the queues, the connections"],
        ["`→`, `s`, `←`", "sorts by the next column, or the one before"],
        ["`↑`, `↓`", "the smallest or the largest first"],
        [code("p"), "pauses, and goes on"],
      ],
    ),
    "Off a terminal it prints one plain table and ends, as with `--once`. It needs the API and STOMP " +
      "over WebSocket, both of stompbox.",
  ],
  bench: [
    `A WORKLOAD is one of ${WORKLOAD_NAMES.map((each) => code(each)).join(", ")}. What flows in each, what it takes and ` +
      "what is counted is in [bench/README.md](../bench/README.md).",
  ],
  doctor: [
    "Each step stands on those before it, so the first that fails is the last one; only pages of " +
      "another origin may be refused and the rest goes on. A line begins with `ok`, `warn` or `fail` " +
      "and says what was seen; behind `→` stands what to do. JSON has a line " +
      '`{"check":…,"verdict":…,"seen":…,"remedy":…,"facts":{…}}` for each.',
    table(
      ["check", "looks at"],
      [
        [code("address"), "the addresses of the name, and how long finding them took"],
        [code("connect"), "which of them take a connection"],
        [code("tls"), "version and cipher (`wss`, `ssl`)"],
        [code("certificate"), "who signed it, whether it is trusted, for which name and how long"],
        [
          code("upgrade"),
          "the answer to a WebSocket handshake, byte by byte: status, headers, sub-protocol, and what a proxy made of it",
        ],
        [code("origin"), "the same as a page of `--origin` would ask"],
        [code("stomp"), "login, version, the name of the broker"],
        [code("heart-beat"), "what was asked for and granted, and whether the first one comes"],
        [code("round-trip"), "how long 20 messages take to a topic of its own and back"],
        [code("frame-size"), "bodies of 1 KiB to 1 MiB, each twice the one before"],
      ],
    ),
    "It works with any broker. Warnings leave the exit code at 0.",
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
      "at once. A reader that goes away, as `| head -1` does, ends a command quietly; output " +
      "that cannot be written, as on a full disk, is a failure.",
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
      "it. `pub`, `sub`, `request`, `reply` and `doctor` were tried with RabbitMQ 3.10 (over WebSocket " +
      "and TCP), ActiveMQ 5.17 (over TCP) and stomp-broker-js 1.3 (over WebSocket, which has neither " +
      "transactions nor queues).",
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
    "The `host` of CONNECT is that of the URL. RabbitMQ looks for a virtual host of that name, so it " +
      "needs `--host /`, or the name of another. Its plugin for WebSockets sends bodies that are no " +
      "text in text messages, which no client can read: set `web_stomp.ws_frame = binary` there, or " +
      "use `tcp://`.",
    ...COMMANDS.flatMap(commandSection),
  ]);
}

function commandSection(command: Command): string[] {
  const { name, summary, operands, options, examples, shared } = command;
  const own = [...options, ...shared.filter((each) => !(each.name in CONNECTION))];
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
    ...(own.length === 0 ? [] : [optionTable(own)]),
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

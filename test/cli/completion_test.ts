import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CODES } from "../../src/cli/explain.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runCli } from "../../src/cli/run_cli.ts";
import { OPTIONS } from "../../src/config.ts";
import { fakeTerminal } from "./fake_terminal.ts";

// Side by side with others on a machine of few cores.
setDefaultTimeout(20_000);

const folder = { path: "" };
beforeAll(() => {
  folder.path = mkdtempSync(join(tmpdir(), "stompbox-completion-"));
  writeFileSync(join(folder.path, "body.txt"), "");
  mkdirSync(join(folder.path, "pages"));
});
afterAll(() => {
  rmSync(folder.path, { recursive: true });
});

async function scriptFor(shell: string): Promise<string> {
  const terminal = fakeTerminal();
  expect(await runCli(["completion", shell], terminal)).toBe(0);
  return terminal.written.out;
}

/** A shell that is installed, or the reason why its tests cannot run. */
function installed(shell: string): { readonly missing: string | undefined; readonly note: string } {
  const isNeeded = process.env["CI"] === "true";
  const missing = Bun.which(shell) === null && !isNeeded ? `${shell} is not installed` : undefined;
  return { missing, note: missing === undefined ? "" : ` (skipped: ${missing})` };
}

async function runShell(argv: readonly string[], script: string): Promise<string> {
  const child = Bun.spawn([...argv], {
    cwd: folder.path,
    stdin: Buffer.from(script),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}

const commandNames = COMMANDS.map(({ name }) => name);
const flagsOf = (name: string): string[] =>
  COMMANDS.filter((command) => command.name === name).flatMap(({ options, shared }) =>
    [...options, ...shared].map(({ flag }) => flag),
  );
const brokerFlags = [...OPTIONS.map(({ flag }) => flag), "--config"];

/** What the last word of a line may become; whatever else there is, these must be among it. */
const table: readonly (readonly [
  line: string,
  among: readonly string[],
  not: readonly string[],
])[] = [
  ["stompbox ", commandNames, ["--listen"]],
  ["stompbox re", ["request", "reply"], ["serve", "sub"]],
  ["stompbox --lis", ["--listen"], ["serve"]],
  ["stompbox serve --", brokerFlags, ["--template"]],
  ["stompbox --log ", ["debug", "info", "warn", "error"], ["serve"]],
  ["stompbox check --config b", ["body.txt"], []],
  ["stompbox pub --", flagsOf("pub"), ["--listen"]],
  ["stompbox pub /queue/a --c", ["--count", "--content-type", "--ca"], ["--file"]],
  ["stompbox pub /queue/a --file b", ["body.txt"], ["--count"]],
  ["stompbox pub /queue/a -f b", ["body.txt"], []],
  ["stompbox sub /queue/a --format ", ["pretty", "json", "raw"], ["--count"]],
  ["stompbox sub /queue/a --ack cl", ["client", "client-individual"], ["auto"]],
  ["stompbox sub /queue/a --ack=cl", ["client", "client-individual"], ["auto"]],
  ["stompbox sub /queue/a --format=", ["pretty", "json", "raw"], ["--count"]],
  ["stompbox pub /queue/a --file=b", ["body.txt"], []],
  ["stompbox explain queue", ["queue-full"], ["memory-full"]],
  ["stompbox explain ", [...CODES], ["pub"]],
  ["stompbox help ", ["all", "connection", "options", ...commandNames], ["--listen"]],
  ["stompbox completion ", ["bash", "zsh", "fish"], ["pub"]],
  ["stompbox serve --static p", ["pages"], ["body.txt"]],
];

const bash = installed("bash");
describe.skipIf(bash.missing !== undefined)(`in bash${bash.note}`, () => {
  test.each(table)("%p becomes what it can", async (line, among, not) => {
    // As readline takes a line apart.
    const words = line.split(" ").flatMap((word) => word.match(/=|[^=]+/g) ?? [""]);
    const script = `${await scriptFor("bash")}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
_stompbox stompbox '${words.at(-1)}' '${words.at(-2)}'
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const found = (await runShell(["bash", "--norc", "--noprofile"], script)).trim().split("\n");
    expect(found.filter((word) => among.includes(word)).sort()).toEqual([...among].sort());
    expect(found.filter((word) => not.includes(word))).toEqual([]);
    expect(new Set(found).size).toBe(found.length);
  });

  test("the script makes itself known for stompbox", async () => {
    const out = await runShell(
      ["bash", "--norc"],
      `${await scriptFor("bash")}\ncomplete -p stompbox`,
    );
    expect(out).toContain("-F _stompbox stompbox");
  });
});

const zsh = installed("zsh");
describe.skipIf(zsh.missing !== undefined)(`in zsh${zsh.note}`, () => {
  test("the script is sound, and makes itself known for stompbox", async () => {
    const script = `autoload -U compinit; compinit -u -D\n${await scriptFor("zsh")}\nprint $_comps[stompbox]`;
    expect(await runShell(["zsh", "-f"], script)).toBe("_stompbox\n");
  });

  test.each([
    ["sub --ack=client-", "--ack=client-individual"],
    ["sub --ack client-", "client-individual"],
    ["sub -aclient-", "-aclient-individual"],
    ["pub --templ", "--template"],
    ["queue pur", "purge"],
    ["pub --file=bo", "--file=body.txt"],
  ])("%p becomes what it can", async (line, word) => {
    // A key that completes the line and one that prints it, pressed at a terminal of its own.
    const script = `
zmodload zsh/zpty
zpty -b shell 'TERM=dumb PS1= exec zsh -f -i'
zpty -w shell 'unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D'
zpty -w shell 'show() { print; print -r -- "<$BUFFER>"; exit }; zle -N show; bindkey "^X" show'
zpty -w shell 'source ./completion.zsh; print ready:$((1 + 1))'
zpty -r shell out '*ready:2*'
zpty -w -n shell $'stompbox ${line}\t\x18'
zpty -r shell out '*>*'
print -r -- $out
`;
    writeFileSync(join(folder.path, "completion.zsh"), await scriptFor("zsh"));
    const out = await runShell(["zsh", "-f"], script);
    expect(/<stompbox (.*?) ?>/.exec(out)?.[1]?.split(" ").at(-1)).toBe(word);
  });
});

const fish = installed("fish");
describe.skipIf(fish.missing !== undefined)(`in fish${fish.note}`, () => {
  test.each(table)("%p becomes what it can", async (line, among, not) => {
    const script = `${await scriptFor("fish")}\ncomplete -C '${line}'`;
    const out = await runShell(["fish", "--no-config"], script);
    // The whole word is completed, and a folder gets a slash.
    const found = out
      .split("\n")
      .map((row) => (row.split("\t")[0] ?? "").replace(/^--[a-z-]+=|\/$/g, ""));
    expect(found.filter((word) => among.includes(word)).sort()).toEqual([...among].sort());
    expect(found.filter((word) => not.includes(word))).toEqual([]);
  });
});

test.each(["bash", "zsh", "fish"])(
  "the script for %s knows every command and option",
  async (shell) => {
    const script = await scriptFor(shell);
    const flags = [...COMMANDS.flatMap(({ name }) => flagsOf(name)), ...brokerFlags];
    const spelled = (flag: string): string => (shell === "fish" ? `-l ${flag.slice(2)}` : flag);
    for (const word of [...commandNames, ...flags.map(spelled)]) expect(script).toContain(word);
  },
);

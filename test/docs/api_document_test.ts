/** docs/api.md: every command line works, every value is one. */

import { describe, expect, test } from "bun:test";
import { SYSTEM_EXAMPLES } from "../../scripts/api_document.ts";
import { problemDocumentSchema } from "../../src/api/call_api.ts";
import { openApiDocument } from "../../src/api/openapi.ts";
import { SYSTEM_TOPIC_PREFIX, SYSTEM_TOPICS, type SystemTopic } from "../../src/api/values.ts";
import { openExampleHouse } from "../api/example_house.ts";
import { documentBlocks, documentTexts } from "./documents.ts";

const blocks = documentBlocks().filter(({ where }) => where.startsWith("docs/api.md:"));
const DEFAULT_ROOT = openApiDocument({ version: "" }).servers[0]?.url ?? "";

const lines = blocks
  .filter(({ language }) => language === "sh")
  .map(({ text, where }) => [text.trimEnd(), where] as const);

describe("command lines", () => {
  test("are there for everything that the broker answers", () => {
    const { paths } = openApiDocument({ version: "" });
    const operations = Object.values(paths).flatMap((methods) => Object.keys(methods));
    expect(lines).toHaveLength(operations.length);
    for (const [line] of lines) {
      expect(line).toStartWith("curl ");
      expect(line).toContain(DEFAULT_ROOT);
    }
  });

  const hasCurl = Bun.which("curl") !== null;
  // On a machine that proves releases curl must be there.
  test.skipIf(!hasCurl && process.env["CI"] !== "true").each(lines)(
    "work when they are pasted: %s",
    async (line) => {
      const house = await openExampleHouse();
      try {
        const options = "curl --silent --show-error --noproxy '*' --write-out '%{http_code}'";
        const script = line.replace(/^curl/, options).replaceAll(DEFAULT_ROOT, house.root);
        if (line.startsWith("curl -N ")) {
          expect(await firstOutput(script)).toBe(": connected");
          return;
        }
        const curl = Bun.spawn(["sh", "-c", script], { stdout: "pipe", stderr: "pipe" });
        const [out, err] = [await curl.stdout.text(), await curl.stderr.text()];
        expect([await curl.exited, err]).toEqual([0, ""]);
        expect(out.slice(-3)).toBe("200");
        if (line.includes("/api/")) expect(JSON.parse(out.slice(0, -3))).toBeObject();
      } finally {
        await house.stop();
      }
    },
  );
});

/** The first line of what a command prints that goes on until it is ended. */
async function firstOutput(script: string): Promise<string | undefined> {
  // Without exec it would be the shell that is ended.
  const command = Bun.spawn(["sh", "-c", `exec ${script}`], { stdout: "pipe", stderr: "pipe" });
  const reader = command.stdout.getReader();
  const { value } = await reader.read();
  command.kill();
  await command.exited;
  return new TextDecoder().decode(value).split("\n")[0];
}

describe("system topics", () => {
  const text = documentTexts().get("docs/api.md") ?? "";
  const topics = Object.keys(SYSTEM_TOPICS).filter(
    (name): name is SystemTopic => name in SYSTEM_TOPICS,
  );

  test.each(topics)("%s has an example that is as the schema says, and nothing beyond", (topic) => {
    const { when, value } = SYSTEM_EXAMPLES[topic];
    expect(SYSTEM_TOPICS[topic].parse(value)).toEqual(value);
    const [, section = ""] = text.split(`\n### ${SYSTEM_TOPIC_PREFIX}${topic}\n`);
    const [own = ""] = section.split("\n### ");
    expect(own).toContain(when);
    const [, json = ""] = /```json\n([^]*?)```/.exec(own) ?? [];
    const shown: unknown = JSON.parse(json);
    expect(shown).toEqual(value);
  });
});

test("the problem document that is shown is what the broker answers", async () => {
  const shown = blocks.filter(({ language, text }) => language === "json" && /"title"/.test(text));
  expect(shown).toHaveLength(1);
  const document = problemDocumentSchema.parse(JSON.parse(shown[0]?.text ?? ""));
  const house = await openExampleHouse();
  try {
    const response = await fetch(`${house.root}/api/v1/queues?limit=0`);
    expect(await response.json()).toEqual(document);
  } finally {
    await house.stop();
  }
});

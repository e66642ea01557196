import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const STATIC = join(import.meta.dir, "../../static");

interface Element {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const files = readdirSync(STATIC, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll("\\", "/"))
  .filter((name) => !name.startsWith("vendor/") && statSync(join(STATIC, name)).isFile())
  .sort();
const ending = (suffix: string) => files.filter((name) => name.endsWith(suffix));
const read = (name: string) => readFileSync(join(STATIC, name), "utf8");

function elementsOf(html: string): Element[] {
  const elements: Element[] = [];
  new HTMLRewriter()
    .on("*", {
      element: ({ tagName, attributes }) => {
        elements.push({ tag: tagName, attributes: new Map([...attributes].map(pairOf)) });
      },
    })
    .transform(html);
  return elements;
}

function pairOf(attribute: string[]): [string, string] {
  return [attribute[0] ?? "", attribute[1] ?? ""];
}

function textsOf(html: string, selector: string): string {
  let found = "";
  new HTMLRewriter().on(selector, { text: (chunk) => void (found += chunk.text) }).transform(html);
  return found;
}

/** The file a link leads to, or why it leads nowhere. */
function target(page: string, link: string): string {
  const path = link.replace(/[?#].*$/, "");
  if (path === "") return page;
  const file = resolve(STATIC, dirname(page), path);
  if (relative(STATIC, file).startsWith("..")) return `outside: ${link}`;
  const whole =
    path.endsWith("/") || path === "." || path === ".." ? join(file, "index.html") : file;
  return existsSync(whole) && statSync(whole).isFile()
    ? relative(STATIC, whole)
    : `missing: ${link}`;
}

test("the pages are there", () => {
  const demos = ["work-queue", "request-reply", "dashboard", "transactions", "reconnect"];
  const folders = ["chat", "hello", "classic", "demos", ...demos.map((demo) => `demos/${demo}`)];
  const pages = [
    "index.html",
    "console/index.html",
    ...folders.map((folder) => `${folder}/index.html`),
  ];
  expect(files).toEqual(expect.arrayContaining(pages));
});

describe.each(ending(".html"))("%s", (page) => {
  const html = read(page);
  const elements = elementsOf(html);
  const valuesOf = (name: string) =>
    elements.flatMap(({ attributes }) => attributes.get(name) ?? []);
  const ids = valuesOf("id");

  test("has no inline script, style or handler, which the policy would block", () => {
    expect(textsOf(html, "script").trim()).toBe("");
    for (const { tag, attributes } of elements) {
      expect(tag).not.toBe("style");
      if (tag === "script") expect(attributes.has("src")).toBe(true);
      for (const name of attributes.keys()) expect(name).not.toMatch(/^(on|style$)/);
    }
  });

  test("loads and links only what is there, by relative addresses", () => {
    for (const name of ["src", "href", "action", "poster", "srcset"]) {
      for (const link of valuesOf(name)) {
        expect(link).not.toMatch(/^([a-z][a-z0-9+.-]*:|\/)/i);
        expect(target(page, link), link).not.toMatch(/^(missing|outside)/);
      }
    }
  });

  test("has unique ids, and everything that names one finds it", () => {
    expect(new Set(ids).size).toBe(ids.length);
    const named = [
      ...valuesOf("for"),
      ...["aria-labelledby", "aria-describedby", "aria-controls"].flatMap((name) =>
        valuesOf(name).flatMap((value) => value.split(/\s+/)),
      ),
      ...valuesOf("href").flatMap((link) => (link.startsWith("#") ? link.slice(1) : [])),
    ];
    for (const name of named) expect(ids).toContain(name);
  });

  test("labels every field", () => {
    const labelled = valuesOf("for");
    for (const { tag, attributes } of elements) {
      if (!["input", "select", "textarea"].includes(tag)) continue;
      if (attributes.get("type") === "checkbox") continue; // Inside its label
      const named = attributes.has("aria-label") || attributes.has("aria-labelledby");
      expect(named || labelled.includes(attributes.get("id") ?? "")).toBe(true);
    }
    const inLabels = elementsOf(html).filter(({ tag }) => tag === "label").length;
    expect(inLabels).toBeGreaterThanOrEqual(labelled.length);
  });

  test("says its language, title and width, has one h1, one main and the shared stylesheet", () => {
    const count = (tag: string) => elements.filter((element) => element.tag === tag).length;
    expect(elements.find(({ tag }) => tag === "html")?.attributes.get("lang")).toBe("en");
    expect(textsOf(html, "title")).toContain("stompbox");
    expect(valuesOf("name")).toContain("viewport");
    expect([count("h1"), count("main")]).toEqual([1, 1]);
    expect(valuesOf("href").map((link) => target(page, link))).toContain("style.css");
  });

  test("its scripts ask only for ids that it has", () => {
    const scripts = elements
      .filter(({ tag }) => tag === "script")
      .map(({ attributes }) => target(page, attributes.get("src") ?? ""))
      .filter((name) => !name.startsWith("vendor/"));
    for (const script of scripts) {
      const asked = read(script).matchAll(
        /(?:querySelector\("#|(?:byId|find|getElementById)\(")([\w-]+)"\)/g,
      );
      for (const [, id = ""] of asked) expect(ids, script).toContain(id);
    }
  });
});

// The console's script is bundled from sources of its own, which test/console/sources_test.ts reads.
const scripts = ending(".js").filter((name) => name !== "console/console.js");

describe.each(scripts)("%s", (script) => {
  const source = read(script);

  test("imports only what is there, from its own origin", () => {
    for (const [, from = ""] of source.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
      expect(from).toMatch(/^\.\.?\//);
      expect(target(script, from)).not.toMatch(/^(missing|outside)/);
    }
  });

  test("puts what peers said into the page as text only", () => {
    expect(source).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/);
    expect(source).not.toMatch(/new Function|srcdoc|javascript:/);
  });
});

describe.each(ending(".css"))("%s", (sheet) => {
  test("loads nothing, and knows light and dark", () => {
    expect(read(sheet)).not.toMatch(/@import|url\(/);
    expect(read("style.css")).toContain("color-scheme: light dark");
    expect(read("style.css")).toContain("prefers-color-scheme: dark");
  });
});

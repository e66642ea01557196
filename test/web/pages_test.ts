import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quote } from "../../src/fault.ts";
import { loadPages, type Pages } from "../../src/web/pages.ts";

const HTML = { accept: "text/html,application/xhtml+xml" };

interface Ask {
  /** What the listener puts before every path. */
  prefix?: string;
  method?: string;
  headers?: Record<string, string>;
  query?: string;
}

async function ask(pages: Pages, path: string, options: Ask = {}): Promise<Response> {
  const request = new Request(
    `http://localhost${options.prefix ?? ""}${path.startsWith("/") ? path : `/${path}`}${options.query ?? ""}`,
    {
      method: options.method ?? "GET",
      headers: options.headers ?? {},
    },
  );
  return pages.respond(request, path);
}

describe("embedded pages", () => {
  let pages: Pages;
  beforeAll(async () => {
    pages = await loadPages({ singlePage: false });
  });

  test.each([
    ["/", "text/html;charset=utf-8"],
    ["/index.html", "text/html;charset=utf-8"],
    ["/chat/", "text/html;charset=utf-8"],
    ["/hello/", "text/html;charset=utf-8"],
    ["/classic/", "text/html;charset=utf-8"],
    ["/style.css", "text/css;charset=utf-8"],
    ["/icon.svg", "image/svg+xml"],
    ["/chat/chat.js", "text/javascript;charset=utf-8"],
    ["/vendor/stompjs-7/index.js", "text/javascript;charset=utf-8"],
    ["/vendor/stompjs-2/LICENSE.txt", "text/plain;charset=utf-8"],
  ])("%s is served as %s, also below /_stompbox", async (path, type) => {
    const response = await ask(pages, path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    const below = await ask(pages, `/_stompbox${path}`);
    expect(below.status).toBe(200);
    expect(await below.text()).toBe(await response.text());
  });

  test.each([
    ["/chat", "./chat/"],
    ["/_stompbox", "./_stompbox/"],
    ["/_stompbox/hello", "./hello/"],
  ])("%s without its slash redirects to %s and keeps the query", async (path, location) => {
    const response = await ask(pages, path, { query: "?a=b" });
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe(`${location}?a=b`);
  });

  test("the prefix of a listener without its slash redirects too", async () => {
    const response = await pages.respond(new Request("http://localhost/a/box?b=c"), "/");
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("./box/?b=c");
  });

  test("carries a policy that allows nothing but its own origin", async () => {
    const { headers } = await ask(pages, "/chat/");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:|wss?:/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("cache-control")).toBe("no-cache");
  });

  test("lets the console alone, wherever it is served, talk to brokers elsewhere", async () => {
    for (const path of ["/console/", "/_stompbox/console/", "/console/console.js"]) {
      const policy = (await ask(pages, path)).headers.get("content-security-policy") ?? "";
      expect(policy).toContain("connect-src 'self' ws: wss:;");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    }
  });

  test("lets other origins read the client libraries and nothing else", async () => {
    const library = await ask(pages, "/vendor/stompjs-7/index.js");
    expect(library.headers.get("access-control-allow-origin")).toBe("*");
    const page = await ask(pages, "/");
    expect(page.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("If-None-Match with the strong ETag gives 304 without a body", async () => {
    const first = await ask(pages, "/style.css");
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^"[A-Za-z0-9_-]+"$/);
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await ask(pages, "/style.css", { headers: { "if-none-match": value } });
      expect(again.status, value).toBe(304);
      expect(again.headers.get("etag")).toBe(etag);
      expect(await again.text()).toBe("");
    }
    const changed = await ask(pages, "/style.css", { headers: { "if-none-match": '"other"' } });
    expect(changed.status).toBe(200);
  });

  test("HEAD has the headers of GET and no body", async () => {
    const get = await ask(pages, "/");
    const head = await ask(pages, "/", { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers.get("content-type")).toBe(get.headers.get("content-type"));
    expect(head.headers.get("content-length")).toBe(String((await get.bytes()).byteLength));
    expect(await head.text()).toBe("");
  });

  test.each(["POST", "PUT", "DELETE", "OPTIONS"])(
    "%s on a page is 405 with Allow",
    async (method) => {
      const response = await ask(pages, "/chat/", { method });
      expect(response.status).toBe(405);
      expect(response.headers.get("allow")).toBe("GET, HEAD");
    },
  );

  test("a missing page is a 404 that lists the pages, as HTML for a browser", async () => {
    const response = await ask(pages, "/a/b/<script>", { headers: HTML });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("text/html;charset=utf-8");
    const body = await response.text();
    for (const link of ["./../../", "./../../chat/", "./../../hello/", "./../../classic/"]) {
      expect(body).toContain(`href="${link}"`);
    }
    expect(body).not.toContain("<script>");
    expect(body).toContain("&#60;script&#62;");
  });

  test("a missing page behind a prefix lists the pages with it", async () => {
    const response = await ask(pages, "/a/b", { prefix: "/box" });
    expect(await response.text()).toContain("  /box/chat/  Chat\n");
    const page = await ask(pages, "/a/b", { prefix: "/box", headers: HTML });
    expect(await page.text()).toContain('<a href="./../chat/"><code>/box/chat/</code></a>');
  });

  test("a missing page is plain text for a program, and the name cannot forge lines", async () => {
    const response = await ask(pages, "/nowhere\u001b[31m\n", { headers: { accept: "*/*" } });
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("text/plain;charset=utf-8");
    const body = await response.text();
    expect(body).toStartWith('There is no page "/nowhere\\u001b[31m\\n". There are:\n');
    expect(body.split("\n").map((line) => line.trim().split(" ")[0])).toEqual(
      expect.arrayContaining(["/", "/chat/", "/hello/", "/classic/"]),
    );
  });

  test.each([
    "",
    "chat/",
    "/../package.json",
    "/%2e%2e/package.json",
    "//chat/",
    "/chat//",
    "/%",
    "/chat/%00",
  ])("%j is a 404", async (path) => {
    expect((await ask(pages, path)).status).toBe(404);
  });
});

describe("a folder of one's own", () => {
  const base = mkdtempSync(join(tmpdir(), "stompbox-pages-"));
  const folder = join(base, "site");
  let pages: Pages;
  let single: Pages;

  beforeAll(async () => {
    for (const name of ["app", "empty", ".git", "chat", "release"]) {
      mkdirSync(join(folder, name), { recursive: true });
    }
    const files: Record<string, string> = {
      "site/index.html": "own home",
      "site/style.css": "own style",
      "site/app/index.html": "own app",
      "site/app/data.txt": "0123456789",
      "site/with space+é.txt": "spaced",
      "site/.env": "secret",
      "site/.git/config": "secret",
      "secret.txt": "secret",
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text);
    symlinkSync(join(base, "secret.txt"), join(folder, "leak.txt"));
    symlinkSync(base, join(folder, "up"));
    symlinkSync(join(folder, ".env"), join(folder, "env.txt"));
    symlinkSync(join(folder, "app/data.txt"), join(folder, "inside.txt"));
    symlinkSync("loop", join(folder, "loop"));
    pages = await loadPages({ staticDir: folder, singlePage: false });
    single = await loadPages({ staticDir: folder, singlePage: true });
  });
  afterAll(() => rmSync(base, { recursive: true }));

  test.each([
    ["/", "own home"],
    ["/style.css", "own style"],
    ["/app/", "own app"],
    ["/app/data.txt", "0123456789"],
    ["/with%20space+%C3%A9.txt", "spaced"],
    ["/inside.txt", "0123456789"],
  ])("%s is the folder's own", async (path, body) => {
    const response = await ask(pages, path);
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(body);
    expect(response.headers.get("content-security-policy")).toBeNull();
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("our pages remain below /_stompbox, whatever the folder has", async () => {
    const style = await ask(pages, "/_stompbox/style.css");
    expect(await style.text()).toContain("color-scheme");
    const home = await ask(pages, "/_stompbox/");
    expect(await home.text()).toContain("STOMP");
  });

  test.each([
    ["/chat/", "./../_stompbox/chat/"],
    ["/hello/index.html", "./../_stompbox/hello/index.html"],
  ])("our page %s moves to %s, where its own files are beside it", async (path, location) => {
    const response = await ask(pages, path);
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe(location);
    const target = new URL(location, `http://localhost${path}`).pathname;
    expect((await ask(pages, target)).status).toBe(200);
  });

  test.each([
    "/../secret.txt",
    "/..%2fsecret.txt",
    "/%2e%2e/secret.txt",
    "/app/%2e%2e/%2e%2e/secret.txt",
    "/app/..%5c..%5csecret.txt",
    "/app\\..\\..\\secret.txt",
    "/index.html%00.txt",
    "/index.html%0a",
    "/%",
    "/%ff",
    "/leak.txt",
    "/up/secret.txt",
    "/up/",
    "/env.txt",
    "/.env",
    "/.git/config",
    "//style.css",
    "/app//data.txt",
    "/app/data.txt/",
    "/loop",
    `/${"x".repeat(5_000)}`,
    "/empty/",
    "/empty",
  ])("%s is refused", async (path) => {
    const response = await ask(pages, path);
    expect(response.status).toBe(404);
    expect(await response.text()).toStartWith("There is no page ");
  });

  test("a file that appears later is served, and one that goes is gone", async () => {
    const path = join(folder, "late.txt");
    expect((await ask(pages, "/late.txt")).status).toBe(404);
    writeFileSync(path, "late");
    expect(await (await ask(pages, "/late.txt")).text()).toBe("late");
    rmSync(path);
    expect((await ask(pages, "/late.txt")).status).toBe(404);
  });

  test("a folder without its slash redirects within the folder", async () => {
    const response = await ask(pages, "/app");
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("./app/");
  });

  test("ETag and Last-Modified give 304, the ETag first", async () => {
    const first = await ask(pages, "/app/data.txt");
    const etag = first.headers.get("etag") ?? "";
    const modified = first.headers.get("last-modified") ?? "";
    const status = async (headers: Record<string, string>) =>
      (await ask(pages, "/app/data.txt", { headers })).status;
    expect(await status({ "if-none-match": etag })).toBe(304);
    expect(await status({ "if-modified-since": modified })).toBe(304);
    expect(await status({ "if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT" })).toBe(200);
    expect(await status({ "if-modified-since": "nonsense" })).toBe(200);
    expect(await status({ "if-none-match": '"other"', "if-modified-since": modified })).toBe(200);
  });

  test("405, HEAD and the list of a 404", async () => {
    expect((await ask(pages, "/app/data.txt", { method: "POST" })).status).toBe(405);
    const head = await ask(pages, "/app/data.txt", { method: "HEAD" });
    expect(head.headers.get("content-length")).toBe("10");
    const missing = await ask(pages, "/app/none");
    expect(await missing.text()).toContain("  /_stompbox/chat/");
  });

  test.each([
    ["/users/7", HTML, "own home"],
    ["/users/7", { "sec-fetch-mode": "navigate" }, "own home"],
    ["/hello/", HTML, "own home"],
    ["/app/", HTML, "own app"],
  ])("as a single page, a navigation to %s with %j gets %j", async (path, headers, body) => {
    const response = await ask(single, path, { headers });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(body);
    const head = await ask(single, path, { headers: { ...HTML, ...headers }, method: "HEAD" });
    expect(head.status).toBe(200);
  });

  test.each([
    ["GET", "/users/7", {}],
    ["GET", "/users/7", { "sec-fetch-mode": "cors", accept: "text/html" }],
    ["GET", "/users/7.png", HTML],
    ["HEAD", "/users/7", {}],
    ["POST", "/users/7", HTML],
    ["GET", "/_stompbox/users", HTML],
    ["GET", "/.env", HTML],
  ])("as a single page, %s %s with %j is still a 404", async (method, path, headers) => {
    expect((await ask(single, path, { method, headers })).status).toBe(404);
  });

  test.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=8-", 206, "89", "bytes 8-9/10"],
    ["bytes=20-", 416, "", "bytes */10"],
    ["lines=1-2", 200, "0123456789", null],
  ])("over HTTP, Range %s gives %d", async (range, status, body, contentRange) => {
    await overHttp(pages, async (url) => {
      const response = await fetch(`${url}app/data.txt`, { headers: { range } });
      expect(response.status).toBe(status);
      expect(response.headers.get("content-range")).toBe(contentRange);
      expect(await response.text()).toBe(body);
    });
  });

  test("over HTTP, a range of a file that has changed gives the whole file", async () => {
    await overHttp(pages, async (url) => {
      const get = (condition: string) =>
        fetch(`${url}app/data.txt`, { headers: { range: "bytes=2-4", "if-range": condition } });
      const changed = await get('"other"');
      expect([changed.status, await changed.text()]).toEqual([200, "0123456789"]);
      const same = await get(changed.headers.get("etag") ?? "");
      expect([same.status, await same.text()]).toEqual([206, "234"]);
    });
  });

  test("over HTTP, HEAD tells the length", async () => {
    await overHttp(pages, async (url) => {
      for (const path of ["app/data.txt", "_stompbox/style.css"]) {
        const response = await fetch(url + path, { method: "HEAD" });
        expect(Number(response.headers.get("content-length"))).toBeGreaterThan(9);
      }
    });
  });
});

async function overHttp(pages: Pages, use: (url: string) => Promise<void>): Promise<void> {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    development: false,
    fetch: (request) => pages.respond(request, new URL(request.url).pathname),
  });
  try {
    await use(server.url.href);
  } finally {
    await server.stop(true);
  }
}

test.each([
  [join(import.meta.dir, "nowhere"), "not found"],
  [import.meta.path, "not a folder"],
])("a folder %s that cannot be served is said at once", async (staticDir, reason) => {
  const sentence = `Cannot serve folder ${quote(staticDir)}: ${reason}`;
  await expect(loadPages({ staticDir, singlePage: false })).rejects.toThrow(sentence);
});

test("a compiled program serves the same files with the same headers", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stompbox-compiled-"));
  try {
    const source = join(folder, "main.ts");
    const program = join(folder, "program");
    const project = join(import.meta.dir, "../..");
    writeFileSync(
      source,
      `import { loadPages } from ${JSON.stringify(join(project, "src/web/pages.ts"))};
       const pages = await loadPages({ singlePage: false });
       for (const path of ["/", "/chat/", "/style.css", "/_stompbox/vendor/stompjs-7/index.js", "/x"]) {
         const response = await pages.respond(new Request("http://localhost/"), path);
         console.log(path, response.status, JSON.stringify([...response.headers]), Bun.hash(await response.text()));
       }`,
    );
    const build = Bun.spawnSync(
      [
        process.execPath,
        "build",
        "--compile",
        "--asset",
        join(project, "static"),
        source,
        `--outfile=${program}`,
      ],
      { cwd: folder, stdout: "pipe", stderr: "pipe" },
    );
    expect(build.exitCode, build.stderr.toString()).toBe(0);
    const run = (command: string[]) => {
      const result = Bun.spawnSync(command, { cwd: folder, stdout: "pipe", stderr: "pipe" });
      expect(result.exitCode, result.stderr.toString()).toBe(0);
      return result.stdout.toString();
    };
    const compiled = run([program]);
    expect(compiled.split("\n")).toHaveLength(6);
    expect(compiled).toContain("/chat/ 200");
    expect(compiled).toBe(run([process.execPath, source]));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// The home page: live figures, and snippets with this broker's own addresses.

import { brokerRoot, brokerUrl } from "./broker.js";

const POLL_MS = 2_000;
const ANSWER_WITHIN_MS = 5_000;

const state = document.querySelector("#state");
const stats = document.querySelector("#stats");
const listeners = document.querySelector("#listeners");
const copied = document.querySelector("#copied");
const numbers = new Intl.NumberFormat("en");

/** How a value of the status is shown; the rest are counts. */
const FORMATS = {
  version: (value) => value,
  storage: (value) => value,
  login: (value) => value,
  uptimeMs: duration,
  memoryBytes: bytes,
};

function duration(ms) {
  const seconds = Math.floor(ms / 1_000);
  const [days, hours, minutes] = [86_400, 3_600, 60].map((unit) => Math.floor(seconds / unit));
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, count)) / 10));
  const value = count / 1_024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}

// The status region is announced when it changes, so it is written only then.
function say(tone, text) {
  if (state.textContent === text) return;
  state.dataset.tone = tone;
  state.textContent = text;
}

function showStatus(status) {
  say("good", "Running");
  delete stats.dataset.stale;
  for (const place of stats.querySelectorAll("[data-stat]")) {
    const value = status[place.dataset.stat];
    if (value === undefined) continue;
    const format = FORMATS[place.dataset.stat] ?? ((count) => numbers.format(count));
    place.textContent = format(value);
  }
  const urls = (status.listeners ?? []).map((listener) => listener.url);
  if (urls.join() === listeners.dataset.urls) return;
  listeners.dataset.urls = urls.join();
  listeners.replaceChildren(
    ...urls.map((url) => {
      const code = document.createElement("code");
      code.textContent = url;
      const item = document.createElement("li");
      item.append(code);
      return item;
    }),
  );
  fillSnippets(status.listeners);
}

async function poll() {
  try {
    const response = await fetch(new URL("api/v1/status", brokerRoot), {
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (response.ok) {
      showStatus(await response.json());
    } else {
      say("wait", `No figures (HTTP ${response.status})`);
      stats.dataset.stale = "";
    }
  } catch {
    say("bad", "Not reachable, asking again");
    stats.dataset.stale = "";
  }
}

async function pollForEver() {
  for (;;) {
    if (!document.hidden) await poll();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

const snippets = [...document.querySelectorAll(".snippet")].map((section) => {
  const code = section.querySelector("pre code");
  return { section, code, template: code.textContent };
});

function fillSnippets(addresses = []) {
  const tcp = addresses.find((address) => address.scheme === "tcp");
  const everywhere = tcp === undefined || /^(0\.0\.0\.0|\[?::\]?)$/.test(tcp.host);
  const host = everywhere ? location.hostname : tcp.host;
  const bare = host.replace(/^\[|\]$/g, "");
  const port = String(tcp?.port ?? 61613);
  for (const { section, code, template } of snippets) {
    code.textContent = template
      .replaceAll("ws://localhost:61614/", brokerUrl)
      .replaceAll("http://localhost:61614/", brokerRoot.href)
      .replaceAll('"localhost", 61613', `"${bare}", ${port}`)
      .replaceAll("localhost:61613", `${bare.includes(":") ? `[${bare}]` : bare}:${port}`);
    if (section.dataset.needs === "tcp" && addresses.length > 0) section.hidden = tcp === undefined;
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Not a secure context, or not allowed: the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

for (const { section, code } of snippets) {
  const title = section.querySelector("h3").textContent;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${title}`);
  button.addEventListener("click", async () => {
    await copy(code.textContent);
    button.textContent = "Copied";
    copied.textContent = `Copied: ${title}`;
    button.focus();
    setTimeout(() => {
      button.textContent = "Copy";
      copied.textContent = "";
    }, 2_000);
  });
  section.querySelector(".row").append(button);
}

fillSnippets();
void pollForEver();

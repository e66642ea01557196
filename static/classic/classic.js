const LOBBY = "/topic/chat.lobby";
const LINES_MAX = 500;
const CHARACTERS_MAX = 4000;
const find = (id) => document.getElementById(id);
const nick = `classic-${Math.floor(Math.random() * 900 + 100)}`;

// The broker is where this page is, without the classic/.
const url = location.href.replace(/^http/, "ws").replace(/(_stompbox\/)?classic\/.*$/, "");

let client;

function connect() {
  client = Stomp.client(url);
  client.debug = (line) => add("log", "", `${line.replace("\0", "")}\n`);
  client.heartbeat.outgoing = 10000;
  client.heartbeat.incoming = 10000;
  show("wait", "Connecting…");
  client.connect({}, onConnected, onError);
}

function onConnected() {
  show("good", "Connected");
  client.subscribe(LOBBY, (message) => add("messages", "message", spoken(message.body)));
}

// Called with an ERROR frame, or with a sentence when the connection is lost.
function onError(error) {
  show("bad", error.headers ? `Refused: ${error.headers.message}` : "Connection lost");
}

function disconnect() {
  if (client.connected) client.disconnect(() => show("", "Disconnected"));
  else client.ws.close();
}

function say(text, headers = {}) {
  const body = JSON.stringify({ nick, text });
  client.send(LOBBY, { "content-type": "application/json", ...headers }, body);
}

function sayBoth(first, second, end) {
  const transaction = client.begin();
  say(first, { transaction: transaction.id });
  say(second, { transaction: transaction.id });
  if (end === "abort") transaction.abort();
  else transaction.commit();
}

// The rest is the page.

function spoken(body) {
  try {
    const { nick: who, text } = JSON.parse(body);
    if (who && text) return `${who}: ${text}`;
  } catch {
    // Plain text, from curl for instance.
  }
  return body;
}

function add(place, className, text) {
  const list = find(place);
  const line = document.createElement(place === "log" ? "span" : "li");
  line.className = className;
  line.textContent = visible(text);
  list.append(line);
  while (list.childElementCount > LINES_MAX) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

// Anybody may say anything: of a long text the beginning, and what cannot be seen as escapes.
function visible(text) {
  const shown = text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}…\n` : text;
  return shown.replace(/(?![\n\u200d])[\p{Cc}\p{Cf}]/gu, (hidden) => {
    return `\\u{${hidden.codePointAt(0).toString(16)}}`;
  });
}

function show(tone, sentence) {
  find("state").dataset.tone = tone;
  find("state").textContent = sentence;
  find("toggle").textContent = tone === "good" || tone === "wait" ? "Disconnect" : "Connect";
  for (const id of ["send", "commit", "abort"]) find(id).disabled = tone !== "good";
}

find("toggle").onclick = () =>
  find("toggle").textContent === "Connect" ? connect() : disconnect();

find("compose").onsubmit = (event) => {
  event.preventDefault();
  if (find("text").value === "") return;
  say(find("text").value);
  find("text").value = "";
};

find("transaction").onsubmit = (event) => {
  event.preventDefault();
  sayBoth(find("first").value, find("second").value, event.submitter?.value);
};

connect();

const find = (id) => document.getElementById(id);
const TOPIC = "/topic/chat.lobby";
const SHOWN_MAX = 4000;

// Command, headers, empty line, body, NUL. The length is in bytes, not in characters.
function frame(command, headers, body = "") {
  const length = new TextEncoder().encode(body).length;
  const lines = length > 0 ? [...headers, `content-length:${length}`] : headers;
  return `${[command, ...lines].join("\n")}\n\n${body}\0`;
}

function show(tone, sentence) {
  find("state").dataset.tone = tone;
  find("state").textContent = sentence;
  find("send").disabled = tone !== "good";
}

// A frame without its end. Anybody may say anything: of a long one the beginning, and what cannot
// be seen as escapes.
function visible(text) {
  const isLong = text.length > SHOWN_MAX;
  const shown = isLong ? `${text.slice(0, SHOWN_MAX)}…` : text.replace(/\n*\0$/, "");
  return shown.replace(/(?![\n\u200d])[\p{Cc}\p{Cf}]/gu, (hidden) => {
    return `\\u{${hidden.codePointAt(0).toString(16)}}`;
  });
}

// The broker is where this page is, without the hello/.
const url = location.href.replace(/^http/, "ws").replace(/(_stompbox\/)?hello\/.*$/, "");
const socket = new WebSocket(url, ["v12.stomp"]);

socket.onopen = () => {
  socket.send(frame("CONNECT", ["accept-version:1.2", `host:${location.hostname}`]));
};

// This broker sends one whole frame in each WebSocket message.
socket.onmessage = ({ data }) => {
  const text = typeof data === "string" ? data : "(a frame that is not text)";
  const log = find("log");
  log.append(`${visible(text)}\n\n`);
  while (log.childNodes.length > 200) log.firstChild.remove();
  log.scrollTop = log.scrollHeight;
  if (text.startsWith("CONNECTED\n")) {
    socket.send(frame("SUBSCRIBE", ["id:0", `destination:${TOPIC}`]));
    show("good", "Connected");
  }
};

socket.onclose = () => show("bad", "Closed: reload to connect again");

find("form").onsubmit = (event) => {
  event.preventDefault();
  const headers = [`destination:${TOPIC}`, "content-type:text/plain"];
  socket.send(frame("SEND", headers, find("text").value));
};

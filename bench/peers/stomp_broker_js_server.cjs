/** Runs stomp-broker-js, whose folder is the argument, and prints where. */

const http = require("node:http");
const { join } = require("node:path");

const [library] = process.argv.slice(2);
const StompServer = require(library);
const { version } = require(join(library, "package.json"));

const { ServerFrame } = require(join(library, "lib", "stomp.js"));

const server = http.createServer();
const broker = new StompServer({ server, path: "/stomp" });
// It means to give a receipt for SEND, but loses the callback on the way there.
broker.addMiddleware("send", (socket, { frame }, next) => {
  const { receipt } = frame.headers;
  const result = next();
  if (receipt !== undefined) ServerFrame.RECEIPT(socket, receipt);
  return result;
});
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  console.log(JSON.stringify({ port, version, node: process.version }));
});

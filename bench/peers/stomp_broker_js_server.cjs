/** Runs stomp-broker-js, whose folder is the argument, and prints where. */

const http = require("node:http");
const { join } = require("node:path");

const [library] = process.argv.slice(2);
const StompServer = require(library);
const { version } = require(join(library, "package.json"));

const server = http.createServer();
new StompServer({ server, path: "/stomp" });
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address();
  console.log(JSON.stringify({ port, version, node: process.version }));
});

import { expect, test } from "bun:test";
import { confirmsSubscriptions, repliesByItself } from "../../src/client/spellings.ts";

test.each([
  ["ActiveMQ/5.17.2", false],
  ["STOMP-JS/1.3.0", false],
  ["RabbitMQ/3.10.8", true],
  ["stompbox/0.1.0", true],
  ["apache-activemq-artemis/2.31", true],
  ["", true],
])("a RECEIPT of %j says that the subscription is in force: %p", (server, expected) => {
  expect(confirmsSubscriptions(server)).toBe(expected);
});

test.each([
  ["RabbitMQ/3.10.8", true],
  ["ActiveMQ/5.17.2", false],
])("%j subscribes a client to its replies by itself: %p", (server, expected) => {
  expect(repliesByItself(server)).toBe(expected);
});

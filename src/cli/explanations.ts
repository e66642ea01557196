/** What each code of an ERROR frame means to the person who sees it. */

import type { FaultCode } from "../fault.ts";

/** Why the broker said no, and what to do about it. */
export interface Explanation {
  readonly cause: string;
  /** Names the option that would change it, if one does. */
  readonly cure: string;
}

/** One for every code. */
export const EXPLANATIONS: Readonly<Record<FaultCode, Explanation>> = {
  "malformed-frame": {
    cause:
      "What arrived cannot be a STOMP frame: a NUL stood where a header line or the blank line after the headers was expected.",
    cure: "End the command and every header with a line feed, put an empty line behind the last header, and a NUL behind the body only.",
  },
  "malformed-header": {
    cause: "A header line has no colon, or nothing in front of it.",
    cure: "Write every header as name:value. A line feed inside a value must be escaped as \\n in STOMP 1.1 and 1.2, or it begins a new header line.",
  },
  "bad-escape": {
    cause:
      "A header has a backslash that begins no escape sequence: STOMP 1.2 knows \\r, \\n, \\c and \\\\, STOMP 1.1 all of these but \\r.",
    cure: "Escape a backslash as \\\\ and a colon in a value as \\c. Windows paths and regular expressions are the usual suspects.",
  },
  "bad-content-length": {
    cause:
      "The content-length is no decimal number, or no NUL stands behind as many bytes as it says.",
    cure: "Count the bytes of the body, not its characters: an umlaut has two. Or leave content-length out where the body has no NUL.",
  },
  "invalid-utf8": {
    cause: "The head of a frame is not UTF-8, which STOMP demands of commands and headers.",
    cure: "Encode headers as UTF-8. The body may be anything; it is best to give its content-length.",
  },
  "unknown-command": {
    cause:
      "The first line of a frame is no command that clients may send. Often the frame before it was cut off, or its content-length was too small, so that its body was taken for a command.",
    cure: "Look at the frame before this one, and at capital letters: commands are written in them.",
  },
  "http-on-stomp-port": {
    cause: "A web browser or another HTTP client came to the port that speaks STOMP over TCP.",
    cure: "Use the port of a ws:// listener for pages and WebSockets, by default 61614. The banner shows both, and --listen sets them.",
  },
  "not-connected": {
    cause: "A frame came before CONNECT, or before the broker has answered it.",
    cure: "Send CONNECT or STOMP first, and wait for CONNECTED.",
  },
  "already-connected": {
    cause: "A second CONNECT came on a connection that is logged in.",
    cure: "Open another connection for another login. A library that reconnects must open a new socket first.",
  },
  "unsupported-version": {
    cause: "The accept-version of CONNECT names none of 1.0, 1.1 and 1.2.",
    cure: "Send accept-version:1.2, or several with commas between them.",
  },
  "bad-heart-beat": {
    cause: "The heart-beat header of CONNECT is not two whole numbers with a comma between them.",
    cure: "Send milliseconds as in heart-beat:10000,10000, or 0,0 for none. Blanks are not allowed.",
  },
  "missing-header": {
    cause:
      "A header that the command requires is not there, such as the destination of SEND, or the id of SUBSCRIBE since STOMP 1.1. The sentence names it.",
    cure: "Add the header that the sentence names. Header names are lower case, and have no blank before the colon.",
  },
  "bad-header": {
    cause: "A header that the broker acts upon has a value that it cannot read.",
    cure: "The sentence says which values are expected; docs/headers.md has every header with an example.",
  },
  "bad-selector": {
    cause: "The selector of a SUBSCRIBE is not in the language of JMS selectors, or is too long.",
    cure: "The sentence shows the place. Texts stand in single quotes, names with a hyphen in double quotes: \"sent-by\" LIKE 'a%'.",
  },
  "bad-destination": {
    cause:
      "The destination has a prefix that the broker does not know, an empty name, or a name that is not allowed there, such as a wildcard in SEND.",
    cure: "Use /queue/NAME, /topic/NAME, /temp-queue/NAME or /temp-topic/NAME. --unprefixed topic or --unprefixed queue says what a name without a prefix is.",
  },
  "taken-over": {
    cause:
      "Another connection subscribed with the same client-id and name to the durable subscription that this one had. It went to the newer.",
    cure: "Give every consumer a client-id or a subscription name of its own. If one client reconnected, this is the end of its old connection, and nothing is wrong.",
  },
  "partial-wildcard": {
    cause:
      "A wildcard is only a part of a segment, as in /topic/prices*: brokers do not agree on what that means.",
    cure: "Make the wildcard a whole segment: /topic/prices.* for one segment more, /topic/prices.> for any number.",
  },
  "duplicate-subscription": {
    cause: "The connection has a subscription with this id, or this durable subscription, already.",
    cure: "Give every SUBSCRIBE of a connection an id of its own, and UNSUBSCRIBE before subscribing anew.",
  },
  "unknown-subscription": {
    cause: "UNSUBSCRIBE names a subscription that this connection does not have, or no longer.",
    cure: "Use the id of the SUBSCRIBE; a subscription in STOMP 1.0 without an id is named by its destination.",
  },
  "unknown-ack": {
    cause:
      "ACK or NACK names a message that was not given to this connection, was settled before, or went back when its subscription ended. Messages in ack mode auto cannot be acknowledged at all.",
    cure: "In STOMP 1.2 send the ack header of the MESSAGE as id, in 1.1 its message-id and subscription, in 1.0 its message-id. Acknowledge once, on the connection that got the message.",
  },
  "duplicate-transaction": {
    cause: "BEGIN names a transaction that is open on this connection.",
    cure: "COMMIT or ABORT it first, or name every transaction anew.",
  },
  "unknown-transaction": {
    cause:
      "A frame names a transaction that was never begun on this connection, or has ended by COMMIT or ABORT.",
    cure: "Send BEGIN first. Transactions belong to a connection: after reconnecting they are gone, and so is what was in them.",
  },
  "unsupported-feature": {
    cause:
      "A header asks for something that this version of stompbox does not do, and that would be misunderstood if it were ignored.",
    cure: "Leave out the header that the sentence names, and do without: the README says what is not there yet.",
  },
  forbidden: {
    cause:
      "The destination is not for this client: it belongs to another connection, or to the broker itself.",
    cure: "Subscribe to temporary destinations on the connection that named them only; send to one by the reply-to of its owner's message.",
  },
  "origin-refused": {
    cause:
      "A web page of another origin tried to connect. Without a check any page on the internet could use the broker through its visitor's browser.",
    cure: "Allow the origin by --allow-origin https://example.com, exactly as the browser's address bar has it, or serve the pages from the broker itself by --static.",
  },
  "bad-request": {
    cause: "A request over HTTP has a parameter or a body that cannot be read.",
    cure: "The sentence names the part and what is expected there.",
  },
  "not-found": {
    cause:
      "What a request over HTTP names is not there, or no longer: a queue is gone once it is empty and unused.",
    cure: "Look at the name, with its prefix such as /queue/, and whether a slash in it is percent-encoded where it stands in a path.",
  },
  "method-not-allowed": {
    cause: "The path of a request over HTTP is right, and its method is another.",
    cure: "The allow header of the answer lists the methods.",
  },
  "in-use": {
    cause:
      "Somebody uses what a request over HTTP wants to remove: a queue has consumers, or a durable subscription its subscriber.",
    cure: "Stop or disconnect who uses it, then ask again.",
  },
  "unsupported-media-type": {
    cause: "The body of a request over HTTP has a content-type that the call does not read.",
    cure: "Send the content-type that the sentence names, mostly application/json.",
  },
  "frame-too-large": {
    cause:
      "The frame has more bytes than the broker takes, or too much came before the login was done.",
    cure: "Send less at once, or raise --limits.frame-bytes-max (and --limits.login-bytes-max for what comes before CONNECTED).",
  },
  "header-too-large": {
    cause: "The command or one header line has more bytes than the broker takes.",
    cure: "Put the data into the body, or raise --limits.header-line-bytes-max.",
  },
  "too-many-headers": {
    cause: "The frame has more headers than the broker takes.",
    cure: "Put the data into the body, or raise --limits.headers-max.",
  },
  "too-many-subscriptions": {
    cause:
      "The connection has as many subscriptions as it may have, or the destination has as many different selectors.",
    cure: "UNSUBSCRIBE what is no longer needed; one wildcard may do for many subscriptions. --limits.subscriptions-max sets the number of a connection.",
  },
  "too-many-transactions": {
    cause: "The connection has as many open transactions as it may have.",
    cure: "COMMIT or ABORT them as soon as they are done, or raise --limits.transactions-max.",
  },
  "transaction-too-large": {
    cause:
      "One transaction has gathered more operations, or more bytes of messages, than it may have.",
    cure: "Commit in smaller parts, or raise --limits.transaction-operations-max or --limits.transaction-bytes-max.",
  },
  "too-many-destinations": {
    cause:
      "There are as many queues and topics as there may be; or one connection has too many temporary ones.",
    cure: "A destination goes when it is empty and unused: look for queues that nobody reads. A name for each message or user adds up quickly. --limits.destinations-max sets the number.",
  },
  "too-many-connections": {
    cause:
      "The broker, or the address that this connection comes from, has as many connections as it may have.",
    cure: "Close connections that are not used; one can carry any number of subscriptions. --limits.connections-max and --limits.connections-per-address-max set the numbers, the limit of open files (ulimit -n) bounds them.",
  },
  "queue-full": {
    cause:
      "As many messages or bytes wait in the queue as may wait there: nobody consumes it, or too slowly.",
    cure: "Start or speed up its consumers, and send again later. --limits.queue-messages-max and --limits.queue-bytes-max set the size, for one queue a --destination rule does; --queue-overflow drop-oldest lets old messages go instead.",
  },
  "memory-full": {
    cause:
      "Messages that wait in queues, in transactions and for slow readers fill the memory that they may take in all.",
    cure: "Consume what waits, or let it expire with a ttl; and send again later. --limits.memory-bytes-max sets the size.",
  },
  "slow-consumer": {
    cause:
      "The client did not read what was sent to it for so long that too much was waiting. Others on the topic were not to wait for it.",
    cure: "Read faster, or do the work elsewhere than where frames are read; or use ack:client with a prefetch-count. --limits.outbox-bytes-max, --limits.slow-consumer-grace-ms and --limits.slow-consumer say how much, how long, and what then.",
  },
  "login-timeout": {
    cause: "The connection was opened, and CONNECT did not come in time.",
    cure: "Send CONNECT at once. On a ws:// port this may be a probe that only opens a socket; it does no harm. --limits.login-timeout-ms sets the time.",
  },
  "frame-timeout": {
    cause:
      "A frame or the body of a request began and did not end in time, although nothing held it back.",
    cure: "End every frame with a NUL: the last one of a script often lacks it. A content-length that is too large has the same effect.",
  },
  "heart-beat-missed": {
    cause:
      "The client promised to send something every so often in the heart-beat of CONNECT, and sent nothing for twice that time.",
    cure: "Let the client's heart-beats run in a thread of their own, since long work often blocks them; browsers slow timers of hidden pages down to once a minute. Or promise less often, or 0.",
  },
  disconnected: {
    cause: "Somebody who administers the broker has ended this connection.",
    cure: "Ask them why before connecting again.",
  },
  "shutting-down": {
    cause: "The broker is being stopped.",
    cure: "Connect again after the time that retry-after says. Messages in queues are kept in memory, or on disk, as the broker was told.",
  },
  "internal-error": {
    cause: "Something failed in the broker itself. The log of the broker has the cause.",
    cure: "Try again. If it happens each time, report it together with the line of the log.",
  },
};

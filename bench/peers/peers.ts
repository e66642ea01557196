import { activemq } from "./activemq.ts";
import { bareBeats, bareCorked, bareForward, bareOwn, barePublish } from "./bare.ts";
import { nats } from "./nats.ts";
import type { Peer, PeerName } from "./peer.ts";
import { rabbitmq } from "./rabbitmq.ts";
import { stompBrokerJs } from "./stomp_broker_js.ts";
import { stompbox, stompboxTcp } from "./stompbox.ts";

/** Everyone there is. */
export const PEERS: Readonly<Record<PeerName, Peer>> = {
  stompbox,
  "stompbox-tcp": stompboxTcp,
  nats,
  activemq,
  rabbitmq,
  "stomp-broker-js": stompBrokerJs,
  "bare-publish": barePublish,
  "bare-corked": bareCorked,
  "bare-own": bareOwn,
  "bare-forward": bareForward,
  "bare-beats": bareBeats,
};

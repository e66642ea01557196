/** The little of two libraries without declarations that the tests touch. */

declare module "stompjs" {
  interface Frame {
    readonly command: string;
    readonly headers: Record<string, string>;
    readonly body: string;
  }
  interface Message extends Frame {
    ack(headers?: Record<string, string>): void;
    nack(headers?: Record<string, string>): void;
  }
  interface Client {
    heartbeat: { outgoing: number; incoming: number };
    debug: ((line: string) => void) | null;
    onreceipt: (frame: Frame) => void;
    readonly ws: WebSocket;
    connect(
      headers: Record<string, string>,
      onConnect: (frame: Frame) => void,
      onError: (error: Frame | string) => void,
    ): void;
    disconnect(callback?: () => void, headers?: Record<string, string>): void;
    send(destination: string, headers: Record<string, string>, body: string): void;
    subscribe(
      destination: string,
      callback: (message: Message) => void,
      headers: Record<string, string>,
    ): { readonly id: string; unsubscribe(): void };
    begin(transaction: string): void;
    commit(transaction: string): void;
    abort(transaction: string): void;
  }
  const Stomp: { over(socket: WebSocket): Client };
  export default Stomp;
}

declare module "stompit" {
  import type { Socket } from "node:net";
  import type { Readable, Writable } from "node:stream";

  interface Message extends Readable {
    /** The length of the body is a number, all others are strings. */
    readonly headers: Record<string, string | number>;
  }
  interface FrameOptions {
    onReceipt?: () => void;
  }
  interface Client {
    readonly headers: Record<string, string>;
    on(event: "error", listener: (error: Error) => void): void;
    subscribe(
      headers: Record<string, string>,
      listener: (error: Error | null, message: Message) => void,
    ): void;
    send(headers: Record<string, string>, options?: FrameOptions): Writable;
    begin(headers: { transaction: string }): Transaction;
    ack(message: Message, headers?: Record<string, string>): void;
    nack(message: Message, headers?: Record<string, string>): void;
    disconnect(callback: (error: Error | null) => void): void;
    getTransportSocket(): Socket;
  }
  interface Transaction {
    readonly id: string;
    send(headers: Record<string, string>, options?: FrameOptions): Writable;
    abort(): void;
    commit(): void;
  }
  interface ConnectOptions {
    readonly host: string;
    readonly port: number;
    readonly connectHeaders: Record<string, string>;
    readonly connect?: (options: ConnectOptions, listener: () => void) => Socket;
  }
  export function connect(
    options: ConnectOptions,
    listener: (error: Error | null, client: Client) => void,
  ): void;
}

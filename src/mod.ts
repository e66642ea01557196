/** The public door for programs that run a broker inside themselves. */
export {
  type Config,
  type ConfigChange,
  ConfigError,
  defaultConfig,
  type Option,
  type OptionNotes,
} from "./config.ts";
export { configSchema } from "./config/config_schema.ts";
export { Fault, type FaultCode } from "./fault.ts";
export type { BrokerEvent, Observe } from "./observe/events.ts";
export { type Runtime, systemRuntime } from "./runtime.ts";
export {
  type Broker,
  type BrokerStatus,
  createBroker,
  ListenError,
  type ListenerAddress,
  ReloadError,
  startStompbox,
  type Stompbox,
  type StompboxOptions,
} from "./stompbox.ts";

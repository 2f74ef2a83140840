/**
 * Types that are part of what an app sees. Apart from the rest, so that nobody who checks the libraries that he uses has to
 * check those of the client of NATS, which do not pass with `exactOptionalPropertyTypes`.
 */
export type { Principal } from './access/accounts.js'
export type { NatsConfigurationOptions } from './access/configuration.js'
export type { LaneOptions } from './lane/lane-server.js'

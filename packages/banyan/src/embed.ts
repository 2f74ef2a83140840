/** An app inside a process that exists already: Express, Fastify, Next, a script. */
export {
  type Embedded,
  type EmbeddedCallOptions,
  type EmbedOptions,
  embed,
  type HostUnitContext,
} from '@banyan/host'
export type { ConnectionOptions, HostClient } from '@banyan/store-postgres'

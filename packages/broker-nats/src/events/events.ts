import type { EventStream, Logger, SourceStream } from '@banyan/runtime'
import type { NatsConnection } from '@nats-io/transport-node'
import { Link } from './link.js'
import { ModuleStream } from './module-stream.js'
import { BrokerSource } from './source-stream.js'

export interface EventsOptions {
  /** The connection for events; whoever made it closes it. */
  readonly connection: NatsConnection
  readonly logger: Logger
  /** Name of the app, as subjects have it. */
  readonly app: string
  /** Whether services have accounts of their own (with authentication), else the broker has one account. */
  readonly accounts: boolean
  /** Under which the connection may get answers. Default: the library's. */
  readonly inboxPrefix?: string
}

/** The events of an app in the broker, as one process reaches them. */
export interface BrokerEvents {
  /** Of a module of this process. */
  stream(module: string): EventStream
  /** Of a module of another service. */
  source(module: string): SourceStream
}

export function createBrokerEvents({ connection, logger, app, accounts, inboxPrefix }: EventsOptions): BrokerEvents {
  const link = new Link(connection, logger)
  return {
    stream: (module) => new ModuleStream(link, app, module, accounts, inboxPrefix),
    source: (module) => new BrokerSource(link, app, module, accounts),
  }
}

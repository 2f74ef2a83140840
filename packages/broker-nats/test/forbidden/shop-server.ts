import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveAccess } from '@banyan/placement'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type Msg, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node'
import { shop, shopTopology } from '../../../placement/test/access/shop.js'
import {
  createUserKey,
  natsConfiguration,
  principalName,
  principalsOf,
  startNatsServer,
  streamName,
} from '../../src/index.js'
import type { Principal } from '../../src/types.js'

/** A bare connection of the library: what a module could open with the credentials of its process. */
export interface Raw {
  readonly connection: NatsConnection
  /** Where it may receive answers. */
  readonly inbox: string
  /** What the server refused on this connection so far. */
  refusals(): Promise<string[]>
  /** What arrived for a subscription so far, of all that was sent before. */
  subscribe(subject: string, queue?: string): Heard
}

export interface Heard {
  arrived(): Promise<Msg[]>
  end(): void
}

/** A server under the derived configuration, with all that it lets in. */
export interface ShopServer {
  /** With the credentials of a process, and nothing else. */
  as(principal: Principal): Promise<Raw>
  /**
   * The control of an attempt: a user of the same account whom no permissions bind. What works for it and not for a
   * service was refused by the permissions; what does not work for it either is kept apart by accounts.
   */
  unbound(account: string): Promise<Raw>
  readonly url: string
  stop(): Promise<void>
}

const streamBytes = 8_388_608

export async function startShop(): Promise<ShopServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ban-shop-'))
  const access = deriveAccess(shop, shopTopology)
  const keys = new Map(principalsOf(access).map((principal) => [principalName(principal), createUserKey()]))
  const wide = new Map<string, string>()
  const config = withUnbound(
    natsConfiguration({
      access,
      keysOf: (principal) => [keys.get(principalName(principal))?.publicKey ?? 'none'],
      streamBytes,
    }),
    wide,
  )
  const server = await startNatsServer({ folder, config })
  const open: NatsConnection[] = []
  const connected = async (seed: string | undefined, inboxPrefix?: string): Promise<Raw> => {
    if (seed === undefined) throw new Error('nobody has this key')
    const connection = await connect({
      servers: server.url,
      authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
      reconnect: false,
      ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    })
    open.push(connection)
    return rawOf(connection, inboxPrefix ?? '_INBOX.raw')
  }
  return {
    as: (principal) =>
      connected(
        keys.get(principalName(principal))?.seed,
        principal.kind === 'events' ? `_INBOX.${principal.service}` : undefined,
      ),
    unbound: (account) => connected(wide.get(account)),
    url: server.url,
    async stop() {
      for (const connection of open) await connection.close()
      await server.stop()
      rmSync(folder, { recursive: true })
    },
  }
}

/** Adds a user without permissions, that is without bounds, to each account. */
function withUnbound(config: string, wide: Map<string, string>): string {
  let account = ''
  return config
    .split('\n')
    .map((line) => {
      account = /^ {2}"?([\w-]+)"? \{/.exec(line)?.[1] ?? account
      if (line !== '    users: [') return line
      const { publicKey, seed } = createUserKey()
      wide.set(account, seed)
      return `${line}\n      { nkey: ${publicKey} }`
    })
    .join('\n')
}

function rawOf(connection: NatsConnection, inbox: string): Raw {
  const refused: string[] = []
  void (async () => {
    for await (const status of connection.status()) if (status.type === 'error') refused.push(status.error.message)
  })()
  // What the server says, it says before it answers a ping; the turn lets the loop above take it.
  const settled = async (): Promise<void> => {
    await connection.flush()
    await new Promise((done) => setImmediate(done))
  }
  return {
    connection,
    inbox,
    async refusals() {
      await settled()
      return refused
    },
    subscribe(subject, queue) {
      const messages: Msg[] = []
      const subscription = connection.subscribe(subject, {
        ...(queue === undefined ? {} : { queue }),
        callback: (error, message) => {
          if (error === null) messages.push(message)
        },
      })
      return {
        async arrived() {
          await settled()
          return messages
        },
        end: () => subscription.unsubscribe(),
      }
    },
  }
}

/** The stream of a module. */
export const streamConfig = (module: string) => ({
  name: streamName('shop', module),
  subjects: [`shop.event.${module}.*.*`],
  max_bytes: streamBytes,
  allow_direct: true,
  republish: { src: `shop.event.${module}.*.*`, dest: `shop.live.${module}.{{wildcard(1)}}.{{wildcard(2)}}` },
})

/** Makes the stream of a module as a deployment does. */
export async function makeStream(server: ShopServer, module: string): Promise<void> {
  const { connection } = await server.as({ kind: 'deploy', module })
  await (await jetstreamManager(connection)).streams.add(streamConfig(module))
}

/** How many events the stream of a module holds, as who deploys sees it. */
export async function storedEvents(server: ShopServer, module: string): Promise<number> {
  const { connection } = await server.as({ kind: 'deploy', module })
  const { state } = await (await jetstreamManager(connection)).streams.info(streamName('shop', module))
  return state.messages
}

/** Waits for a condition that comes true for certain, or says that it did not. */
export async function until(isMet: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 2_000; attempt++) {
    if (await isMet()) return
    await new Promise((done) => setTimeout(done, 5))
  }
  throw new Error('this never came true')
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AccessOptions, type PreparedAccess, prepareAccess } from '@banyan/host'
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node'
import { afterAll } from 'vitest'
import { shop } from '../../../placement/test/access/shop.js'

export const loaded: AccessOptions['loaded'] = {
  app: shop,
  config: {
    app: './app.ts',
    services: { checkout: ['orders', 'mail'], stock: ['inventory'], money: ['payments'] },
    events: { maxBytes: 8_388_608 },
  },
  folder: tmpdir(),
  file: 'banyan.config.ts',
}

/** 2026-11-27. */
export const now = 1_795_737_600_000
export const dayMs = 86_400_000

const folders: string[] = []

/** Removed when the tests of the file have ended. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ban-access-'))
  folders.push(folder)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

export function prepare(folder: string, more: Partial<AccessOptions> = {}): PreparedAccess {
  return prepareAccess({ loaded, environment: {}, folder, now, ...more })
}

/** Connects as a process of a service does, with nothing but its environment. */
export function connectWith(url: string, environment: Readonly<Record<string, string>>): Promise<NatsConnection> {
  const { BANYAN_NATS_CALLS_SEED: seed, BANYAN_NATS_CA: ca, BANYAN_NATS_CERT: cert, BANYAN_NATS_KEY: key } = environment
  return connect({
    servers: url,
    reconnect: false,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(seed)),
    ...(ca === undefined
      ? {}
      : {
          tls: {
            caFile: ca,
            ...(cert === undefined ? {} : { certFile: cert }),
            ...(key === undefined ? {} : { keyFile: key }),
          },
        }),
  })
}

import { X509Certificate } from 'node:crypto'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type NatsServer, startNatsServer } from '@banyan/broker-nats'
import type { PreparedAccess } from '@banyan/host'
import { expect, test, vi } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { connectWith, dayMs, newFolder, now, prepare } from './shop-access.js'

// Keys of certificates take their time to be made.
vi.setConfig({ testTimeout: 180_000 })

const certified = (folder: string, more: Parameters<typeof prepare>[1] = {}): PreparedAccess =>
  prepare(folder, { tls: true, now: Date.now(), ...more })

const connects = async (server: NatsServer, environment: Readonly<Record<string, string>>): Promise<string> => {
  try {
    const connection = await connectWith(server.url.replace('nats:', 'tls:'), environment)
    await connection.flush()
    await connection.close()
    return 'connected'
  } catch (error) {
    return `${(error as Error).message} ${((error as Error).cause as Error | undefined)?.message ?? ''}`
  }
}

test('certificates are kept while they have time, renewed before they end, and all at once when asked', () => {
  const folder = newFolder()
  const issued = (more: Parameters<typeof prepare>[1]): number =>
    prepare(folder, { tls: true, ...more }).certificates.filter(({ isNew }) => isNew).length
  expect(issued({})).toBe(7)
  expect(issued({ now: now + 59 * dayMs })).toBe(0)
  // Once with TLS, always with it, unless it is said.
  expect(prepare(folder).certificates).toHaveLength(7)
  expect(prepare(folder, { tls: false }).certificates).toEqual([])
  // And then without, until it is said again; the authority is the same then.
  expect(prepare(folder).natsConfiguration()).not.toContain('tls')
  expect(issued({})).toBe(0)
  expect(issued({ hosts: ['broker.internal'] })).toBe(1)
  expect(issued({ now: now + 61 * dayMs })).toBe(7)
  expect(issued({ now: now + 61 * dayMs, change: { renew: true } })).toBe(7)
  // The names that were given once are in the certificate still.
  expect(serverCertificate(folder).checkHost('broker.internal')).toBe('broker.internal')
  // A crash between certificate and key leaves two that do not belong together.
  copyFileSync(join(folder, 'tls', 'money.key'), join(folder, 'tls', 'stock.key'))
  expect(issued({ now: now + 61 * dayMs })).toBe(1)
  // Another list takes the place of the one before.
  expect(issued({ hosts: ['other.internal'], now: now + 61 * dayMs })).toBe(1)
  expect(serverCertificate(folder).checkHost('broker.internal')).toBeUndefined()
})

test('steps of the authority forget nothing of it, and every server of NATS_URL is in the certificate', () => {
  const folder = newFolder()
  const environment = { NATS_URL: 'nats://one.internal:4333,[::7]:4444, two.internal' }
  const mine = prepare(folder, { tls: true, hosts: ['more.internal'], environment }).environmentOf('stock')
  expect(mine.NATS_URL).toBe('tls://one.internal:4333,[::7]:4444,two.internal')
  for (const change of [{ rotate: 'authority' }, { rotate: 'authority' }, { finish: true }])
    prepare(folder, { environment, change })
  const certificate = serverCertificate(folder)
  const names = ['one.internal', 'two.internal', 'more.internal', 'localhost']
  expect(names.map((name) => certificate.checkHost(name))).toEqual(names)
  expect(certificate.checkIP('::7')).toBe('::7')
})

const serverCertificate = (folder: string): X509Certificate =>
  new X509Certificate(readFileSync(join(folder, 'tls', 'nats-server.pem')))

const readKey = (folder: string): string => readFileSync(join(folder, 'tls', 'stock.key'), 'utf8')
const readCertificate = (folder: string): string => readFileSync(join(folder, 'tls', 'stock.pem'), 'utf8')

/** Copies the files that an environment names, as a process keeps what it read at its start. */
function keep(folder: string, name: string, environment: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['BANYAN_NATS_CA', 'BANYAN_NATS_CERT', 'BANYAN_NATS_KEY'].map((variable) => {
    const file = join(folder, `${name}.${variable}`)
    copyFileSync(environment[variable] as string, file)
    return [variable, file] as const
  })
  return { ...environment, ...Object.fromEntries(kept) }
}

/** While keys of certificates are made this process answers no ping, on a busy machine for longer than a server waits. */
const patient = (access: PreparedAccess): string =>
  access.natsConfiguration().replace(/ping_interval: \S+/, 'ping_interval: "2m"')

// In TLS 1.3 a client has connected before the server looks at its certificate: it hears why, or only that it is over.
const cutOff = /certificate|unknown ca|ECONNRESET|EPIPE|disconnect|closed/i

withNats.describe('a server with mutual TLS', () => {
  test('lets in who has a certificate of its authority, and nobody else', async () => {
    const folder = newFolder()
    const access = certified(folder)
    const server = await startNatsServer({ folder: newFolder(), config: access.natsConfiguration() })
    try {
      const mine = access.environmentOf('stock')
      expect(await connects(server, mine)).toBe('connected')
      const { BANYAN_NATS_CERT: _, BANYAN_NATS_KEY: __, ...without } = mine
      expect(await connects(server, without as typeof mine)).toMatch(cutOff)
      const foreign = certified(newFolder()).environmentOf('stock')
      const foreignFiles = { BANYAN_NATS_CERT: foreign.BANYAN_NATS_CERT, BANYAN_NATS_KEY: foreign.BANYAN_NATS_KEY }
      expect(await connects(server, { ...mine, ...foreignFiles } as typeof mine)).toMatch(cutOff)
      // And the other way round: a process does not speak to a server of another authority.
      expect(await connects(server, { ...mine, BANYAN_NATS_CA: foreign.BANYAN_NATS_CA as string })).toMatch(
        /self.signed certificate|unable to verify/,
      )
      // A certificate alone lets nobody in.
      expect(
        await connects(server, { ...mine, BANYAN_NATS_CALLS_SEED: foreign.BANYAN_NATS_CALLS_SEED as string }),
      ).toMatch(/authorization/i)
    } finally {
      await server.stop()
    }
  })

  test('refuses a certificate that has ended, and takes it renewed', async () => {
    const folder = newFolder()
    const ended = certified(folder, { now: Date.now() - 91 * dayMs })
    // The server's own is renewed; the process still has the old one.
    const old = join(folder, 'old')
    writeFileSync(`${old}.pem`, readCertificate(folder))
    writeFileSync(`${old}.key`, readKey(folder))
    const mine = ended.environmentOf('stock')
    const renewed = certified(folder)
    const server = await startNatsServer({ folder: newFolder(), config: renewed.natsConfiguration() })
    try {
      const files = { BANYAN_NATS_CERT: `${old}.pem`, BANYAN_NATS_KEY: `${old}.key` }
      expect(await connects(server, { ...mine, ...files })).toMatch(cutOff)
      expect(await connects(server, mine)).toBe('connected')
    } finally {
      await server.stop()
    }
  })

  test('the authority is replaced in steps, and at none of them is anybody shut out who took the step before', async () => {
    const folder = newFolder()
    const server = await startNatsServer({ folder: newFolder(), config: patient(certified(folder)) })
    // What the processes hold that were started at an emission.
    const held = (name: string): Record<string, string> => keep(folder, name, certified(folder).environmentOf('stock'))
    try {
      const first = held('first')
      const lasting = await connectWith(server.url.replace('nats:', 'tls:'), first)
      await server.reload(patient(certified(folder, { change: { rotate: 'authority' } })))
      const trusting = held('trusting')
      expect([await connects(server, first), await connects(server, trusting)]).toEqual(['connected', 'connected'])
      await server.reload(patient(certified(folder, { change: { rotate: 'authority' } })))
      const issued = held('issued')
      expect([await connects(server, trusting), await connects(server, issued)]).toEqual(['connected', 'connected'])
      expect(() => certified(folder, { change: { rotate: 'authority' } })).toThrow(
        expect.objectContaining({ code: 'access-rotation-open' }),
      )
      // Who left out the first step trusts nobody new: this is what the step is for.
      expect(await connects(server, first)).toMatch(/self.signed certificate|unable to verify/)
      await server.reload(patient(certified(folder, { change: { finish: true } })))
      const last = held('last')
      expect([await connects(server, issued), await connects(server, last)]).toEqual(['connected', 'connected'])
      expect(await connects(server, trusting)).toMatch(cutOff)
      // A connection that is there is not cut by any of it.
      await lasting.flush()
      await lasting.close()
    } finally {
      await server.stop()
    }
  })
})

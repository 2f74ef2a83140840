import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deriveAccess } from '@banyan/placement'
import { expect, test } from 'vitest'
import { withNats } from '../../../../tools/vitest/with-nats.js'
import { shop, shopTopology } from '../../../placement/test/access/shop.js'
import { createUserKey, natsConfiguration, principalName, principalsOf, publicKeyOf } from '../../src/index.js'

const access = deriveAccess(shop, shopTopology)
const folder = mkdtempSync(join(tmpdir(), 'ban-conf-'))
const keysOf = (): string[] => [createUserKey().publicKey]
const configuration = (more: Partial<Parameters<typeof natsConfiguration>[0]> = {}): string =>
  natsConfiguration({
    access,
    keysOf,
    streamBytes: 8_388_608,
    place: { host: '127.0.0.1', port: 4222, storeFolder: join(folder, 'store') },
    ...more,
  })

test('a service has exactly the subjects of its grants', () => {
  const names = new Map<string, string>()
  const text = configuration({
    keysOf(principal) {
      const { publicKey } = createUserKey()
      names.set(principalName(principal), publicKey)
      return [publicKey]
    },
  })
  expect([...names.keys()].sort()).toEqual(principalsOf(access).map(principalName).sort())
  const user = text.slice(text.indexOf(names.get('calls.stock') ?? '?'))
  expect(user.slice(0, user.indexOf('# calls.money')).match(/"shop\.[^"]+"/g)).toEqual([
    '"shop.call.inventory.v1.*.*.reserve.stock"',
    '"shop.call.inventory.v1.*.*.level.stock"',
    '"shop.cancel.inventory.stock"',
    '"shop.lane.inventory.*.stock"',
    '"shop.reply.checkout.inventory.*.*"',
    '"shop.reply.stock.inventory.*.*"',
    '"shop.reply.gateway.inventory.*.*"',
    '"shop.presence.stock"',
    '"shop.hello.stock"',
    '"shop.call.inventory.*.*.*.*.*"',
    '"shop.route.inventory.*.*.any.*"',
    '"shop.log.inventory.*.*"',
    '"shop.cancel.inventory.*"',
    '"shop.lane.inventory.*.*"',
    '"shop.reply.stock.*.*.*"',
    '"shop.presence.*"',
    '"shop.hello.*"',
  ])
})

test('who has nothing to publish is denied everything: an empty list would allow it', () => {
  const text = configuration({ keysOf: ({ kind }) => (kind === 'events' ? ['UEVENTS'] : []) })
  const gateway = text.slice(text.indexOf('# events.gateway'))
  expect(gateway.replace(/\s+/g, ' ')).toContain(
    'permissions { publish { deny: ">" } subscribe { allow: [ "_INBOX.gateway.>" ] } }',
  )
})

test('nothing that is given ends its quotes early', () => {
  const place = { host: '127.0.0.1', port: 4222, storeFolder: '/tmp/"\nauthorization {}' }
  expect(() => configuration({ place })).toThrow(/cannot stand in a configuration/)
})

test('a key and its seed belong together', () => {
  const { publicKey, seed } = createUserKey()
  expect([publicKey.slice(0, 1), seed.slice(0, 2), publicKeyOf(seed)]).toEqual(['U', 'SU', publicKey])
  expect(createUserKey().seed).not.toBe(seed)
})

withNats.test(
  'the server finds the configuration valid, with one key and with two, and with no events at all',
  async () => {
    const quiet = {
      ...access,
      sources: [],
      services: access.services.map((one) => ({ ...one, reads: [], publishes: [] })),
    }
    for (const text of [
      configuration(),
      configuration({ keysOf: () => [...keysOf(), ...keysOf()] }),
      configuration({ access: quiet }),
    ]) {
      const file = join(folder, 'nats.conf')
      writeFileSync(file, text)
      const { stderr } = await promisify(execFile)(process.env.NATS_SERVER_BIN ?? '', ['-t', '-c', file])
      expect(stderr).toContain('is valid')
    }
  },
)

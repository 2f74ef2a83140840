import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { startNatsServer } from '@banyan/broker-nats'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { withNats } from '../../../tools/vitest/with-nats.js'
import { Project } from './project.js'

// Each test starts processes, which read the sources of every package.
vi.setConfig({ testTimeout: 240_000 })

let project: Project
beforeAll(() => {
  project = new Project()
  const file = at('banyan.config.ts')
  const services = "services: { shop: ['orders'], post: ['notifications'] },"
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^( +)app: .*$/m, `$&\n$1${services}`))
})
afterAll(() => project.remove())

const at = (path: string): string => join(project.folder, path)

test('access explain tells every grant with its reason, as a table and as JSON', async () => {
  const { code, stdout } = await project.run('access', 'explain')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^SERVICE +MAY +WHAT +BECAUSE\n/)
  expect(stdout).toMatch(/^post +read +the log of orders +notifications listens to orders$/m)
  expect(stdout).toMatch(/^gateway +call +orders v1: place +the gateway serves POST \/orders$/m)
  const { value } = await project.json('access', 'explain')
  expect(value).toContainEqual({
    service: 'shop',
    may: 'log in',
    what: 'as tea_shop_orders, which owns the schema orders',
    because: ['shop hosts orders'],
  })
})

test('access emit writes once, keeps what it wrote, and prints no secret', async () => {
  const first = await project.run('access', 'emit')
  expect([first.code, first.stderr]).toEqual([0, ''])
  const folder = at('.banyan/access')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  const environment = readFileSync(join(folder, 'services/shop.env'), 'utf8')
  const [seed = '?'] = /SU\w{56}/.exec(environment) ?? []
  expect(first.stdout).not.toMatch(/SU\w{56}/)
  expect(readFileSync(join(folder, 'roles.sql'), 'utf8')).toContain('tea_shop_notifications')
  const { value } = await project.json('access', 'emit')
  expect(value.rotating).toEqual([])
  expect(readFileSync(join(folder, 'services/shop.env'), 'utf8')).toBe(environment)
  const rotated = await project.run('access', 'emit', '--rotate', 'shop')
  expect(rotated.stdout).toMatch(/old secrets are still accepted of calls\.shop, events\.shop, deploy\.orders/)
  expect(readFileSync(join(folder, 'services/shop.env'), 'utf8')).not.toContain(seed)
})

test('access emit says what is wrong, and then writes nothing', async () => {
  const none = await project.json('access', 'emit', '--rotate', 'nobody', '--out', 'other')
  expect([none.code, none.value.error.code]).toEqual([1, 'not-found'])
  const both = await project.json('access', 'emit', '--rotate', 'all', '--finish', '--out', 'other')
  expect([both.code, both.value.error.code]).toEqual([2, 'unknown-command'])
  expect(existsSync(at('other'))).toBe(false)
})

withNats.test(
  'services streams makes streams under the emitted configuration, with the keys of who deploys only',
  async () => {
    await project.run('access', 'emit')
    const read = (file: string): Record<string, string> => ({
      ...(parseEnv(readFileSync(at(join('.banyan/access', file)), 'utf8')) as Record<string, string>),
    })
    const config = readFileSync(at('.banyan/access/nats.conf'), 'utf8')
    const server = await startNatsServer({ folder: at('.banyan/nats'), config })
    try {
      const { BANYAN_NATS_DEPLOY_SEEDS: seeds = '' } = read('deploy.env')
      const told = { NATS_URL: server.url, BANYAN_NATS_DEPLOY_SEEDS: seeds }
      set(told)
      expect((await project.json('services', 'streams')).value).toEqual({ modules: ['orders'] })
      // Again changes nothing.
      expect((await project.run('services', 'streams')).stdout).toContain('✓ streams of orders')
      set({ ...told, BANYAN_NATS_DEPLOY_SEEDS: '{}' })
      const without = await project.json('services', 'streams')
      expect([without.code, without.value.error.code]).toEqual([1, 'invalid-config'])
      // A service may make none: its key opens no account of a stream.
      set({
        ...told,
        BANYAN_NATS_DEPLOY_SEEDS: JSON.stringify({ orders: read('services/shop.env').BANYAN_NATS_EVENTS_SEED }),
      })
      const refused = await project.run('services', 'streams')
      expect(refused.code).toBe(1)
      expect(`${refused.stdout}${refused.stderr}`).not.toContain('SU')
    } finally {
      await server.stop()
    }
  },
)

const changed = new Map<string, string | undefined>()
afterEach(() => {
  for (const [name, value] of changed) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  changed.clear()
})

/** The project inherits the environment of the test. */
function set(variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (!changed.has(name)) changed.set(name, process.env[name])
    process.env[name] = value
  }
}

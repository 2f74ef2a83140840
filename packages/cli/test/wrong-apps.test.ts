import { spawn } from 'node:child_process'
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeEmbedded } from '@banyan/store-postgres'
import { afterAll, describe, expect, test, vi } from 'vitest'

// Each test starts a process or two.
vi.setConfig({ testTimeout: 120_000 })

/*
 * Apps in which one thing each is wrong, run by the real command line in a process of its own. Each stops with a message
 * that says who, where, what is wrong, what is allowed and what to do: its whole text is in `wrong-apps/NAME.VERB.txt`.
 */
const fixtures = fileURLToPath(new URL('./wrong-apps', import.meta.url))
const program = fileURLToPath(new URL('../src/main.ts', import.meta.url))
// Inside the workspace, where the apps find the packages that they import; on the side, because they leave databases.
const cache = fileURLToPath(new URL('../../../.cache', import.meta.url))
mkdirSync(cache, { recursive: true })
const folder = mkdtempSync(join(cache, 'wrong-apps-'))
cpSync(fixtures, folder, { recursive: true })
afterAll(async () => {
  // A database lies elsewhere where the server's user cannot get to the folder.
  for (const app of readdirSync(folder)) await removeEmbedded(join(folder, app, '.banyan/data'))
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

interface Ended {
  readonly code: number | null
  readonly text: string
}

/** Runs `banyan …` in the folder of an app until it ends. */
function banyan(app: string, words: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const { DATABASE_URL: _, PORT: __, ...inherited } = process.env
  const child = spawn(
    process.execPath,
    ['--conditions=banyan-source', '--import', '@oxc-node/core/register', program, ...words],
    {
      cwd: join(folder, app),
      env: { ...inherited, LOG_LEVEL: 'silent', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk
    })
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, text: normalised(app, text) })))
}

/** Without what differs from run to run. */
function normalised(app: string, text: string): string {
  return text.replaceAll(join(folder, app), '<folder>').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
}

/** The whole text and the exit code are what the file beside the app says. */
async function expectRefusal(app: string, words: readonly string[], ended: Ended): Promise<void> {
  const transcript = `$ banyan ${words.join(' ')}\n${ended.text}(exit code ${ended.code})\n`
  await expect(transcript).toMatchFileSnapshot(join(fixtures, `${app}.${words[0]}.txt`))
  expect(ended.code).not.toBe(0)
}

describe('a wrong app stops with a message that helps', () => {
  const withoutDatabase = [
    'unknown-event',
    'missing-handler',
    'two-modules-one-name',
    'incompatible-version',
    'circle-of-uses',
    'duplicate-route',
    'invalid-config',
    'missing-setting',
    'homeless-module',
  ]

  test.each(withoutDatabase.flatMap((app) => [[app, 'check'] as const, [app, 'start'] as const]))(
    '%s: banyan %s',
    async (app, verb) => {
      await expectRefusal(app, [verb], await banyan(app, [verb]))
    },
  )

  test('edited-migration: banyan start', async () => {
    expect((await banyan('edited-migration', ['db', 'migrate'])).code).toBe(0)
    appendFileSync(join(folder, 'edited-migration', 'migrations', '0001_letters.sql'), 'drop table letters;\n')
    await expectRefusal('edited-migration', ['start'], await banyan('edited-migration', ['start']))
  })

  test('port-taken: banyan start', async () => {
    const other = createServer()
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    )
    try {
      const { code, text } = await banyan('port-taken', ['start'], { PORT: String(port) })
      await expectRefusal('port-taken', ['start'], { code, text: text.replaceAll(String(port), '<port>') })
    } finally {
      await new Promise((resolve) => other.close(resolve))
    }
  })

  test.each([
    ['nobody-there', 'postgresql://shop:secret@127.0.0.1:9/shop'],
    ['not-a-url', 'localhost/shop'],
  ])('bad-database-url: banyan start, %s', async (kind, url) => {
    const ended = await banyan('bad-database-url', ['start'], { DATABASE_URL: url })
    expect(ended.text).not.toContain('secret')
    const transcript = `$ DATABASE_URL=${url} banyan start\n${ended.text}(exit code ${ended.code})\n`
    await expect(transcript).toMatchFileSnapshot(join(fixtures, `bad-database-url.${kind}.txt`))
    expect(ended.code).toBe(1)
  })

  // No program of that name is there, and no server is named.
  const withoutBroker = { PATH: '/nowhere', NATS_SERVER_BIN: '', NATS_URL: '', DATABASE_URL: '' }

  test.each([['nowhere'], ['post'], ['gateway']])('no-broker: banyan serve %s', async (service) => {
    const { code, text } = await banyan('no-broker', ['serve', service], withoutBroker)
    const transcript = `$ banyan serve ${service}\n${text}(exit code ${code})\n`
    await expect(transcript).toMatchFileSnapshot(join(fixtures, `no-broker.serve-${service}.txt`))
    expect(code).toBe(1)
  })

  test('no-broker: banyan up says how to get one, and leaves nothing', async () => {
    const ended = await banyan('no-broker', ['up'], { ...withoutBroker, PORT: '0' })
    await expectRefusal('no-broker', ['up'], ended)
    expect(existsSync(join(folder, 'no-broker', '.banyan', 'up.json'))).toBe(false)
  })

  test('no-broker: banyan up does not begin where the port of the gateway is taken', async () => {
    const other = createServer()
    const port = await new Promise<number>((resolve) =>
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
    )
    try {
      const { code, text } = await banyan('no-broker', ['up'], { ...withoutBroker, PORT: String(port) })
      expect([code, text]).toEqual([1, expect.stringContaining('port-in-use')])
    } finally {
      await new Promise((resolve) => other.close(resolve))
    }
  })

  test('every wrong app is run', () => {
    const apps = readdirSync(fixtures, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    const told = new Set(readdirSync(fixtures).flatMap((name) => (name.endsWith('.txt') ? [name.split('.')[0]] : [])))
    expect(apps.map((app) => app.name).filter((name) => !told.has(name))).toEqual([])
  })
})

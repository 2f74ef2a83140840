import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createAmbient } from '@banyan/ambient'
import { contract } from '@banyan/contract'
import { type EmbedOptions, embed } from '@banyan/host'
import { defineApp, defineModule } from '@banyan/module'
import { type EmbeddedServer, startEmbedded } from '@banyan/store-postgres'
import fastify from 'fastify'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

const notes = contract({
  name: 'notes',
  version: '1.0.0',
  commands: {
    write: {
      input: z.object({ text: z.string() }),
      output: z.object({ noteId: z.string(), by: z.string() }),
      http: 'POST /notes',
      access: 'public',
    },
  },
  queries: { heard: { output: z.array(z.string()), http: 'GET /heard', access: 'public' } },
  events: { written: { data: z.object({ text: z.string() }), key: 'text' } },
})

/** A new app each time, as when the code of a host is loaded again. */
function notesApp(name: string, by = 'first', handling: (remainingMs: number) => void = () => undefined) {
  return defineApp({
    name,
    modules: [
      defineModule(notes, {
        migrations: 'migrations',
        commands: {
          async write({ text }, { sql, emit, newId, identity }) {
            const noteId = newId()
            await sql`insert into notes values (${noteId}, ${text})`
            emit.written({ text })
            return { noteId, by: identity?.subject ?? by }
          },
        },
        queries: {
          async heard(_, { sql }) {
            const rows = await sql<{ text: string }>`select text from heard order by text`
            return rows.map(({ text }) => text)
          },
        },
        on: {
          notes: {
            async written({ text }, { sql, remainingMs }) {
              handling(remainingMs())
              await sql`insert into heard values (${text})`
            },
          },
        },
      }),
    ],
  })
}

const folder = dirname(fileURLToPath(import.meta.url))
let dataDir: string
let server: EmbeddedServer

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'banyan-embed-'))
  // PostgreSQL does not run as root: its own user must get there.
  chmodSync(dataDir, 0o755)
  server = await startEmbedded({ dataDir: join(dataDir, 'server') })
})
afterAll(async () => {
  await server?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** Each app has a database of its own: a schema belongs to one app. */
async function databaseOf(app: string) {
  const connection = { ...server.connection, database: app }
  const admin = new pg.Client(server.connection)
  await admin.connect()
  try {
    const { rows } = await admin.query('select from pg_database where datname = $1', [app])
    if (rows.length === 0) await admin.query(`create database ${app}`)
  } finally {
    await admin.end()
  }
  return connection
}

async function embedded(app: ReturnType<typeof notesApp>, options: Partial<EmbedOptions> = {}) {
  const connection = options.connection ?? (await databaseOf(app.name))
  const banyan = embed(app, { work: 'all', folder, environment: {}, ...options, connection })
  stops.push(() => banyan.stop())
  return banyan
}

const post = (text: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ text }),
})

test('nothing is opened before the first use, signals stay the host’s, and await using closes', async () => {
  const before = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
  const data = join(dataDir, 'own')
  const options = { config: { store: { folder: data } }, environment: {}, folder, work: 'all' } as const
  {
    await using banyan = embed(notesApp('lazy'), options)
    expect(existsSync(data)).toBe(false)
    expect((await banyan.call(notes).write({ text: 'hello' })).by).toBe('first')
    expect(existsSync(data)).toBe(true)
    expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')).toBe(before)
  }
  // One owner at a time: this would be refused, had the first not let go.
  const again = await startEmbedded({ dataDir: data })
  await again.stop()
})

test('the fetch front answers below its prefix', async () => {
  const banyan = await embedded(notesApp('fetched'))
  const written = await banyan.fetch(new Request('http://host/api/notes', post('by fetch')), { prefix: '/api' })
  expect(written.status).toBe(200)
  await banyan.settled()
  const heard = await banyan.fetch(new Request('http://host/heard'))
  expect(await heard.json()).toEqual(['by fetch'])
})

test('the Fastify front lives beside routes of the host', async () => {
  const banyan = await embedded(notesApp('fastened'))
  const host = fastify()
  host.post('/own', async (request) => request.body)
  await host.register(banyan.fastify, { prefix: '/api' })
  const url = await host.listen({ port: 0, host: '127.0.0.1' })
  try {
    expect(await (await fetch(`${url}/own`, post('own'))).json()).toEqual({ text: 'own' })
    expect(await (await fetch(`${url}/api/notes`, post('by fastify'))).json()).toMatchObject({ by: 'first' })
    const refused = await fetch(`${url}/api/notes`, { ...post(''), body: '{"text":1}' })
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([400, 'invalid-input'])
  } finally {
    await host.close()
  }
})

test('calls carry the identity and the id that the host gives (P4, P7)', async () => {
  const banyan = await embedded(notesApp('identified'))
  const ada = { subject: 'ada', permissions: [] }
  const options = { id: createAmbient().newId() }
  const first = await banyan.call(notes, ada, options).write({ text: 'once' })
  expect(first.by).toBe('ada')
  expect(await banyan.call(notes, ada, options).write({ text: 'once' })).toEqual(first)
})

test('after a reload of the host’s code there is one app, and old references lead to the new one', async () => {
  const old = await embedded(notesApp('reloaded', 'old code'))
  expect((await old.call(notes).write({ text: '1' })).by).toBe('old code')
  const app = notesApp('reloaded', 'new code')
  const renewed = await embedded(app)
  expect((await old.call(notes).write({ text: '2' })).by).toBe('new code')
  expect((await renewed.call(notes).write({ text: '3' })).by).toBe('new code')
  const connections = `select count(distinct application_name)::int as count, count(*)::int as all
    from pg_stat_activity where application_name like 'banyan reloaded notes leases %'`
  const client = new pg.Client(server.connection)
  await client.connect()
  try {
    expect((await client.query(connections)).rows[0].all).toBe(1)
  } finally {
    await client.end()
  }
})

test('with work: calls, events wait for a process that handles them', async () => {
  const calls = await embedded(notesApp('divided'), { work: 'calls' })
  await calls.call(notes).write({ text: 'later' })
  await calls.stop()
  const all = await embedded(notesApp('divided'))
  await all.start()
  await all.settled()
  expect(await all.call(notes).heard()).toEqual(['later'])
})

test('a start that failed is told to who asked, and tried again by the next', async () => {
  const environment: Record<string, string> = { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/none' }
  const app = notesApp('retried')
  const banyan = embed(app, {
    work: 'all',
    folder,
    environment,
    config: { store: { folder: join(dataDir, 'retried') } },
  })
  stops.push(() => banyan.stop())
  await expect(banyan.start()).rejects.toMatchObject({ code: 'store-unreachable' })
  await expect(banyan.call(notes).write({ text: 'x' })).rejects.toMatchObject({ code: 'store-unreachable' })
  delete environment.DATABASE_URL
  expect((await banyan.call(notes).write({ text: 'x' })).by).toBe('first')
})

test('a second embed with the same options is the first; with others it is refused, without their values', async () => {
  const app = notesApp('twice')
  const connection = { ...(await databaseOf('twice')), password: 'a secret' }
  const options = { work: 'all', folder, connection, environment: {}, config: { log: { level: 'silent' } } } as const
  const first = embed(app, options)
  expect(() => embed(app, { ...options, connection: { ...connection } })).not.toThrow()
  const other = { ...options, work: 'calls', connection: { ...connection, password: 'another secret' } } as const
  expect(() => embed(app, other)).toThrow(
    expect.objectContaining({
      code: 'invalid-config',
      message: expect.not.stringContaining('secret'),
      details: {
        problems: [expect.objectContaining({ where: 'work' }), expect.objectContaining({ where: 'connection' })],
      },
    }),
  )
  await first.stop()
})

test('a stop during the start leaves nothing behind, and a later use starts again', async () => {
  const banyan = await embedded(notesApp('hasty'))
  const starting = banyan.start()
  await banyan.stop()
  await starting
  expect((await banyan.call(notes).write({ text: 'again' })).by).toBe('first')
})

test('bounds of the delivery come from the configuration (P7, P9)', async () => {
  const left: number[] = []
  const app = notesApp('bounded', 'first', (ms) => left.push(ms))
  const banyan = await embedded(app, { config: { delivery: { handlerMs: 4_000, inboxRetention: '1h' } } })
  await banyan.call(notes, undefined).write({ text: 'x' })
  await banyan.settled()
  expect(left).toHaveLength(1)
  expect(left[0]).toBeGreaterThan(0)
  expect(left[0]).toBeLessThanOrEqual(4_000)
  const twoHoursAgo = createAmbient({ now: () => createAmbient().now() - 7_200_000 }).newId()
  await expect(banyan.call(notes, undefined, { id: twoHoursAgo }).write({ text: 'y' })).rejects.toMatchObject({
    code: 'id-expired',
  })
})

test('options that cannot be are refused together', () => {
  const wrong = { work: 'some', config: { gatewy: {} } } as never
  expect(() => embed(notesApp('wrong'), wrong)).toThrow(
    expect.objectContaining({
      code: 'invalid-config',
      details: { problems: [expect.objectContaining({ where: 'gatewy' }), expect.objectContaining({ where: 'work' })] },
    }),
  )
})

test('a host that is no superuser publishes inside its transaction (P5, P8)', async () => {
  const admin = new pg.Client(server.connection)
  await admin.connect()
  await admin.query("create role shopkeeper login createrole password 'keeper'")
  await admin.query('create database shop owner shopkeeper')
  await admin.end()
  const connection = { ...server.connection, user: 'shopkeeper', password: 'keeper', database: 'shop' }
  const banyan = await embedded(notesApp('keeping'), { connection })
  await banyan.start()
  const client = new pg.Client(connection)
  await client.connect()
  try {
    await client.query('begin')
    await banyan.unitOfWork(notes, client, ({ emit }) => emit.written({ text: 'from the host' }))
    await client.query('commit')
    await client.query('begin')
    await banyan.unitOfWork(notes, client, ({ emit, later }) => {
      emit.written({ text: 'not kept' })
      later.notes.write({ text: 'not kept' })
    })
    await client.query('rollback')
    await client.query('begin')
    await banyan.unitOfWork(notes, client, ({ emit, later }) => {
      later.notes.write({ text: 'later' })
      emit.written({ text: 'with a later call' })
    })
    await banyan.unitOfWork(notes, client, ({ later }) => later.notes.write({ text: 'later alone' }))
    const { rows } = await client.query("select current_user, current_setting('search_path') as path")
    expect(rows).toEqual([{ current_user: 'shopkeeper', path: '"$user", public' }])
    await client.query('commit')
  } finally {
    await client.end()
  }
  await banyan.settled()
  expect(await banyan.call(notes).heard()).toEqual(['from the host', 'later', 'later alone', 'with a later call'])
})

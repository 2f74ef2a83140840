import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedServer, startEmbedded } from 'banyan/store'
import type { Express } from 'express'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Banyan, createBanyan, shop } from '../src/banyan.js'
import { createShop } from '../src/legacy/shop.js'
import { createTables } from '../src/legacy/tables.js'
import { loyalty } from '../src/loyalty/contract.js'

let dataDir: string
let database: EmbeddedServer
let pool: pg.Pool
let banyan: Banyan
let url: string
let close: () => Promise<void>

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'legacy-express-'))
  // PostgreSQL does not run as root: its own user must get there.
  chmodSync(dataDir, 0o755)
  database = await startEmbedded({ dataDir })
  pool = new pg.Pool(database.connection)
  // A connection that is just being closed may still hear that the server stops.
  pool.on('error', () => undefined)
  await createTables(pool)
  banyan = createBanyan(database.connection)
  const listening = await listen(createShop(pool, banyan))
  url = listening.url
  close = listening.close
})

afterAll(async () => {
  await close?.()
  await banyan?.stop()
  await pool?.end()
  await database?.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

function listen(app: Express): Promise<{ url: string; close: () => Promise<void> }> {
  return new Promise((done) => {
    const server = app.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      done({ url: `http://127.0.0.1:${port}`, close: () => new Promise((closed) => server.close(() => closed())) })
    })
  })
}

const json = async (path: string, body?: object) => {
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`${url}${path}`, body === undefined ? {} : init)
  return { status: response.status, body: (await response.json()) as any }
}

const eventsOf = async (customer: string): Promise<number> => {
  const { rows } = await pool.query('select count(*)::int as count from shop.banyan_log where key = $1', [customer])
  return rows[0].count
}

/** A client with a transaction open, ended by rollback whatever happens. */
async function inTransaction(work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    await work(client)
  } finally {
    await client.query('rollback')
    client.release()
  }
}

const emitOne = (customer: string) => (context: { emit: { orderPlaced(data: object): void } }) =>
  context.emit.orderPlaced({ orderId: 1, customer, totalMinor: 500 })

test('what was there before works as before', async () => {
  expect((await json('/products')).body).toHaveLength(3)
  expect((await json('/checkout', { customer: 'bea', sku: 'pot', quantity: 4 })).status).toBe(409)
})

test('an order of the old shop becomes points in the module that was adopted', async () => {
  const { status, body } = await json('/checkout', { customer: 'ada', sku: 'tea', quantity: 2 })
  expect([status, body.total_minor]).toEqual([201, 900])
  await banyan.settled()
  expect((await json('/api/points/ada')).body).toEqual({ points: 9 })
  expect((await json('/customers/ada')).body).toMatchObject({ points: 9, orders: [{ sku: 'tea' }] })
})

test('the module answers below its own path, with its own errors, and leaves other paths to the shop', async () => {
  const refused = await json('/api/points/nobody/redemptions', { points: 5 })
  expect([refused.status, refused.body.code]).toEqual([409, 'loyalty.notEnough'])
  expect((await fetch(`${url}/api/nothing`)).status).toBe(404)
  expect((await fetch(`${url}/api/nothing`)).headers.get('x-powered-by')).toBe('Express')
})

describe('publishing inside the transaction of the host (P5)', () => {
  test('a rollback of the host takes the events back, and the next positions are dense', async () => {
    await inTransaction((client) => banyan.unitOfWork(shop, client, emitOne('cleo')))
    expect(await eventsOf('cleo')).toBe(0)
    await json('/checkout', { customer: 'cleo', sku: 'tea', quantity: 1 })
    await banyan.settled()
    expect((await json('/api/points/cleo')).body).toEqual({ points: 4 })
  })

  test('nobody sees the events before the host commits', async () => {
    await inTransaction(async (client) => {
      await banyan.unitOfWork(shop, client, emitOne('dan'))
      expect(await eventsOf('dan')).toBe(0)
      await client.query('commit')
      expect(await eventsOf('dan')).toBe(1)
    })
    await banyan.settled()
    expect(await banyan.call(loyalty).balance({ customer: 'dan' })).toEqual({ points: 5 })
  })

  test('several events of several keys are appended at once, in their order', async () => {
    await inTransaction(async (client) => {
      await banyan.unitOfWork(shop, client, ({ emit }) => {
        for (const customer of ['eve', 'fay', 'eve']) emit.orderPlaced({ orderId: 1, customer, totalMinor: 100 })
      })
      await client.query('commit')
    })
    await banyan.settled()
    expect(await banyan.call(loyalty).balance({ customer: 'eve' })).toEqual({ points: 2 })
    expect(await banyan.call(loyalty).balance({ customer: 'fay' })).toEqual({ points: 1 })
  })

  test('role and path of the host are as before', async () => {
    await inTransaction(async (client) => {
      const settings = "select current_user as role, current_setting('search_path') as path"
      const before = (await client.query(settings)).rows
      await banyan.unitOfWork(shop, client, emitOne('gil'))
      expect((await client.query(settings)).rows).toEqual(before)
    })
  })

  test('work that throws publishes nothing, and the transaction can be used on', async () => {
    await inTransaction(async (client) => {
      const failing = banyan.unitOfWork(shop, client, (context) => {
        emitOne('hal')(context as never)
        throw new Error('not now')
      })
      await expect(failing).rejects.toThrow('not now')
      await client.query('commit')
    })
    expect(await eventsOf('hal')).toBe(0)
  })

  test('data that does not match the contract is refused, and nothing is appended', async () => {
    await inTransaction(async (client) => {
      const wrong = banyan.unitOfWork(shop, client, ({ emit }) =>
        emit.orderPlaced({ orderId: 1, customer: 'ivy', totalMinor: 'many' as never }),
      )
      await expect(wrong).rejects.toMatchObject({ code: 'invalid-output' })
      await client.query('commit')
    })
    expect(await eventsOf('ivy')).toBe(0)
  })

  test('without a transaction it is refused, and nothing is published', async () => {
    const client = await pool.connect()
    try {
      await expect(banyan.unitOfWork(shop, client, emitOne('jon'))).rejects.toMatchObject({ code: 'no-transaction' })
    } finally {
      client.release()
    }
    expect(await eventsOf('jon')).toBe(0)
  })

  test('a transaction that the work itself ended is noticed', async () => {
    await inTransaction(async (client) => {
      const ended = banyan.unitOfWork(shop, client, async (context) => {
        emitOne('kim')(context as never)
        await client.query('commit')
      })
      await expect(ended).rejects.toMatchObject({ code: 'no-transaction' })
    })
    expect(await eventsOf('kim')).toBe(0)
  })

  test('a client of another database is refused', async () => {
    await pool.query('create database elsewhere')
    const client = new pg.Client({ ...database.connection, database: 'elsewhere' })
    client.on('error', () => undefined)
    await client.connect()
    try {
      await client.query('begin')
      await expect(banyan.unitOfWork(shop, client, emitOne('lou'))).rejects.toMatchObject({ code: 'other-database' })
    } finally {
      await client.end()
    }
  })

  test('events of a savepoint that is rolled back are not there', async () => {
    await inTransaction(async (client) => {
      await client.query('savepoint before')
      await banyan.unitOfWork(shop, client, emitOne('mia'))
      await client.query('rollback to before')
      await banyan.unitOfWork(shop, client, emitOne('ned'))
      await client.query('commit')
    })
    expect([await eventsOf('mia'), await eventsOf('ned')]).toEqual([0, 1])
  })
})

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { startEmbedded } from '@banyan/store-postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { order, Project } from './project.js'

// Each test starts processes, which read the sources of every package.
vi.setConfig({ testTimeout: 240_000 })

let project: Project
beforeAll(() => {
  project = new Project()
})
afterAll(() => project.remove())

const at = (path: string): string => join(project.folder, path)

/** Statements behind the back of the app, as the owner of the database. */
async function behindTheBack(statement: string): Promise<void> {
  const server = await startEmbedded({ dataDir: at('.banyan/data') })
  const client = new pg.Client(server.connection)
  try {
    await client.connect()
    await client.query(statement)
  } finally {
    await client.end()
    await server.stop()
  }
}

test('check needs no database, and makes none', async () => {
  const { code, value } = await project.json('check')
  expect([code, value.problems]).toEqual([0, []])
  expect(value.database).toEqual({ state: 'skipped', why: 'there is none yet' })
  expect(existsSync(at('.banyan'))).toBe(false)
})

describe('call', () => {
  test('prints what the operation gives; the same id gives the same', async () => {
    const id = createAmbient().newId()
    const first = await project.json('call', 'orders.place', order(), '--id', id)
    expect([first.code, first.value.value.totalMinor]).toEqual([0, 9_000])
    const second = await project.json('call', 'orders.place', order(), '--id', id)
    expect(second.value).toEqual(first.value)
    const { stdout } = await project.run('call', 'orders.byId', JSON.stringify({ orderId: first.value.value.orderId }))
    expect(JSON.parse(stdout)).toMatchObject({ totalMinor: 9_000 })
  })

  test('a declared error is told with its details, on the error stream, with exit code 1', async () => {
    const text = await project.run('call', 'orders.place', order('gold', 999))
    expect(text).toEqual({
      code: 1,
      stdout: '',
      stderr:
        '✗ An order may cost 1000000 at the most\n  details: {"limitMinor":1000000}\n  code:   orders.tooExpensive\n',
    })
    const { code, value } = await project.json('call', 'orders.place', order('gold', 999))
    expect([code, value.ok, value.error.code]).toEqual([1, false, 'orders.tooExpensive'])
  })

  test.each([
    [['call', 'orders'], 'orders is not module.operation'],
    [['call', 'orders.byID'], 'orders has no operation byID; it has place, byId'],
    [['call', 'order.byId'], 'there is no module order; there are orders, notifications'],
    [['call', 'orders.byId', '{'], 'the input is not JSON'],
    [['call', 'orders.byId', '{}', '--timeout', 'soon'], '--timeout takes milliseconds, not soon'],
    [['db', 'promote'], 'name the server to promote to, or say --forget'],
    [
      ['db', 'reset-subscription', 'notifications', 'orders', '--from', 'tuesday'],
      '--from takes beginning, now, stored',
    ],
    [['dead-letters', 'drop', 'orders'], 'name the ids, or say --all'],
  ])('wrong use of the command line ends with 2: %j', async (words, summary) => {
    const { code, value } = await project.json(...words)
    expect(value.error.message).toContain(summary)
    expect(code).toBe(2)
  })
})

describe('db', () => {
  test('status, dry run and migrate tell and do what is pending', async () => {
    writeFileSync(at('src/orders/migrations/0002_notes.sql'), 'alter table orders add column note text;\n')
    expect((await project.run('db', 'status')).stdout).toMatch(/orders +0002 +notes +pending/)
    const planned = await project.run('db', 'migrate', '--dry-run')
    expect(planned.stdout).toContain('-- orders 0002 notes\nalter table orders add column note text;')
    expect((await project.run('db', 'status')).stdout).toMatch(/orders +0002 +notes +pending/)
    expect((await project.run('db', 'migrate')).stdout).toContain('orders 0002 notes\n✓ 2 modules are up to date, 1')
    expect((await project.json('check')).value.database).toEqual({ state: 'checked', problems: [] })
  })

  test('drift is found by check and status, refused by migrate, and accepted when told to', async () => {
    await behindTheBack('alter table orders.orders add column sneaked text')
    const [checked, status, refused] = [
      await project.json('check'),
      await project.run('db', 'status'),
      await project.json('db', 'migrate'),
    ]
    expect([checked.code, checked.value.problems.length]).toEqual([3, 1])
    expect(status.code).toBe(3)
    expect(status.stdout).toContain('sneaked')
    expect([refused.code, refused.value.error.code]).toEqual([1, 'schema-drift'])
    expect((await project.run('db', 'migrate', '--accept-drift')).stdout).toContain('sneaked')
    expect((await project.run('db', 'status')).code).toBe(0)
  })

  test('a promotion that never was is nothing to forget; a subscription that is not there is said', async () => {
    expect((await project.json('db', 'promote', '--forget')).value).toEqual({ forgotten: false })
    const absent = await project.json('db', 'reset-subscription', 'orders', 'notifications', '--from', 'now')
    expect([absent.code, absent.value.error.code]).toEqual([1, 'not-found'])
  })
})

test('contract emit writes documents and clients', async () => {
  const { code, value } = await project.json('contract', 'emit', '--out', 'contracts')
  expect([code, value]).toEqual([0, ['orders.contract.json', 'notifications.contract.json']])
  expect(JSON.parse(readFileSync(at('contracts/orders.contract.json'), 'utf8'))).toMatchObject({ name: 'orders' })
  expect((await project.run('contract', 'emit', 'orders', '--client')).stdout).toContain('place')
})

test('doctor finds nothing wrong', async () => {
  const { code, value } = await project.json('doctor')
  expect(code).toBe(0)
  expect(value.map(({ state }: { state: string }) => state)).not.toContain('bad')
})

test('start serves until it is told to stop; other commands work beside it', async () => {
  // Read from the file beside the configuration; without it the port is 3000.
  writeFileSync(at('.env'), 'PORT=0\n')
  const running = project.start('start')
  const [, url] = await running.until(/API +(\S+)/)
  rmSync(at('.env'))
  expect(url).not.toContain(':3000')
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  expect((await project.json('call', 'orders.place', order())).code).toBe(0)
  expect((await project.json('dead-letters', 'list')).value).toEqual([])
  writeFileSync(at('.env'), `PORT=${new URL(url as string).port}\n`)
  expect((await project.run('doctor')).stdout).toContain('this app is running there')
  rmSync(at('.env'))
  running.child.kill('SIGTERM')
  expect((await running.ended).code).toBe(0)
})

test('a subscription goes on where it stands after a failover, unless what it handled is gone', async () => {
  await behindTheBack(
    "update notifications.banyan_progress set incarnation = split_part(incarnation, ':', 1) || ':0000000F'",
  )
  const reset = () => project.json('db', 'reset-subscription', 'notifications', 'orders', '--from', 'stored')
  expect((await reset()).value).toEqual({ module: 'notifications', source: 'orders', from: 'stored' })
  await behindTheBack(`set search_path = orders; do $$ begin
    assert (select count(*) = 64 and sum(p.position) > 0 from notifications.banyan_progress p
      join orders.banyan_lanes l using (lane)
      where p.incarnation = orders.banyan_incarnation() and p.position = l.position);
  end $$`)
  await behindTheBack('update notifications.banyan_progress set position = 99 where lane = 0')
  const gone = await reset()
  expect([gone.code, gone.value.error.code]).toEqual([1, 'log-diverged'])
  await behindTheBack(`update notifications.banyan_progress p set position = l.position
    from orders.banyan_lanes l where l.lane = p.lane`)
})

test('dev runs the app again at a change, waits where it cannot, and stops with all it started', async () => {
  const file = at('src/orders/module.ts')
  const text = readFileSync(file, 'utf8')
  const running = project.start('dev', '--port', '0')
  await running.until(/modules +orders, notifications/)
  let seen = running.output().length
  writeFileSync(file, text.replace('const limitMinor', 'const const limitMinor'))
  await running.until(/waiting for a change/, seen)
  seen = running.output().length
  writeFileSync(file, text)
  await running.until(/ready again after \d+ ms/, seen)
  seen = running.output().length
  writeFileSync(at('.env'), 'PORT=1\nLOG_LEVEL=warn\n')
  await running.until(/ready again after \d+ ms/, seen)
  rmSync(at('.env'))
  running.child.kill('SIGINT')
  expect((await running.ended).code).toBe(0)
  // The database has no owner any more: this would be refused otherwise.
  await behindTheBack('select 1')
})

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { attachEmbedded } from '@banyan/store-postgres'
import { expect, test } from 'vitest'
import { orders } from './shop/contracts.js'
import { openShop, order } from './shop/open.js'

const program = fileURLToPath(new URL('./shop/process.ts', import.meta.url))

function runProcess(): Promise<string> {
  const options = ['--conditions=banyan-source', '--import', '@oxc-node/core/register', program]
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(`${text.trim()} ${signal ?? code}`)))
}

test('processes of one run share a server, at the same time, and each ends by itself', async () => {
  await using t = await openShop()
  const ended = await Promise.all([runProcess(), runProcess()])
  expect(ended).toEqual(['1 0', '1 0'])
  await t.call(orders).place(order)
  expect(t.events(orders).placed).toHaveLength(1)
}, 120_000)

test('a server at DATABASE_URL does as well', async () => {
  await using embedded = await openShop()
  await embedded.settled()
  const running = attachEmbedded('.banyan/test')
  if (!running) throw new Error('The shared server does not run')
  const { user, password, host, port } = running
  const databaseUrl = `postgresql://${user}:${encodeURIComponent(password)}@localhost:${port}/postgres?host=${encodeURIComponent(host)}`
  const t = await openShop({ databaseUrl })
  await t.call(orders).place(order)
  const crash = t.crash('mail', 'jobs.after-done')
  await t.settled()
  await t.clock.advance('15m')
  await crash.happened
  await t.settled()
  expect(t.events(orders).placed).toHaveLength(1)
  await t.stop()
})

test('a database that cannot be reached is named, without the password', async () => {
  const error: unknown = await openShop({ databaseUrl: 'postgresql://shop:secret@127.0.0.1:9/shop' }).catch(
    (caught: unknown) => caught,
  )
  expect(error).toMatchObject({
    code: 'store-unreachable',
    message: 'The database at 127.0.0.1:9 cannot be reached: connect ECONNREFUSED 127.0.0.1:9',
  })
})

import { PassThrough, Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { prettyFactory } from 'pino-pretty'
import { expect, test } from 'vitest'
import { ServiceLog } from '../../src/up/log.js'

/** What two processes write at once, as one log. */
async function written(json: boolean, ...chunks: readonly (readonly string[])[]): Promise<string[]> {
  const destination = new PassThrough()
  let text = ''
  destination.on('data', (chunk) => {
    text += chunk
  })
  const pretty = prettyFactory({ colorize: false, ignore: 'time,pid,hostname' })
  const log = new ServiceLog({ json, colour: false, destination, pretty }, ['orders', 'gateway'])
  const streams = chunks.map((parts) => Readable.from(parts.map((part) => Buffer.from(part))))
  const done = streams.map((stream) => finished(stream))
  for (const [index, stream] of streams.entries()) log.follow(stream, index === 0 ? 'orders' : 'gateway', index + 1)
  await Promise.all(done)
  await new Promise((end) => setImmediate(end))
  return text.trimEnd().split('\n')
}

test('each line says whose it is, and none is torn by another', async () => {
  const lines = await written(
    false,
    ['{"level":30,"msg":"plac', 'ed"}\n{"level":40,"msg":"slow"}\n'],
    ['plain wo', 'rds\n'],
  )
  expect(lines.sort()).toEqual(['gateway/2 │ plain words', 'orders/1  │ INFO: placed', 'orders/1  │ WARN: slow'])
})

test('as JSON, a line has its service and replica, also where it was no JSON', async () => {
  const lines = await written(true, ['{"level":30,"msg":"placed"}\n[1]\n', 'last without end'])
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { service: 'orders', replica: 1, level: 30, msg: 'placed' },
    { service: 'orders', replica: 1, msg: '[1]' },
    { service: 'orders', replica: 1, msg: 'last without end' },
  ])
})

test('a line without end is cut, not gathered', async () => {
  const lines = await written(false, ['x'.repeat(150_000)])
  expect(lines.map((line) => line.length - 'orders/1  │ '.length)).toEqual([65_536, 65_536, 150_000 - 131_072])
})

test('letters that are torn between two chunks stay whole', async () => {
  const bytes = Buffer.from('größe\n')
  const destination = new PassThrough()
  const pretty = prettyFactory({})
  const log = new ServiceLog({ json: false, colour: false, destination, pretty }, ['orders'])
  log.follow(Readable.from([bytes.subarray(0, 3), bytes.subarray(3)]), 'orders', 1)
  expect(String((await destination.take(1).toArray())[0])).toContain('größe')
})

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { skipUnless } from '../../../../tools/vitest/skip-unless.js'
import { dirtyFile, hasRealFile, realFile, realFileReason } from '../support/files.js'
import { isAlive, Place, Running, run } from '../support/processes.js'

// Processes are started and killed: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 180_000 })

/** Replays into the shop of a place. */
function replaying(place: Place, file: string, ...more: string[]): Running {
  return new Running('retail/replay.ts', [file, '--url', place.url, '--state', stateOf(place), ...more])
}

const stateOf = (place: Place): string => join(place.folder, 'state.json')
const doneIn = (place: Place): number => (JSON.parse(readFileSync(stateOf(place), 'utf8')) as { done: number }).done
const audit = (place: Place, file: string, ...more: string[]) =>
  run('retail/audit.ts', [file, ...more], place.environment)

describe('a replay', () => {
  test('P4 P5 of a dirty file goes on after the shop was killed, and the audit is clean, beside visitors', async () => {
    await using place = await Place.make('replay')
    const first = await place.openShop()
    expect(await replaying(place, dirtyFile, '--limit', '12', '--in-flight', '2').ended).toMatchObject({ code: 0 })
    expect(doneIn(place)).toBe(12)
    await first.kill('SIGKILL')
    // Nobody is there: the replay waits for the shop, which is opened again, with visitors this time.
    const second = replaying(place, dirtyFile, '--in-flight', '2')
    await second.says('no shop is open')
    await place.openShop([])
    const { code, output } = await second.ended
    expect(output).toContain('going on after 12 documents')
    expect(output).toContain('61 lines, 29 documents')
    expect(output).toContain('      15  unreadable')
    expect(output).toContain('  not read: line 46: no InvoiceNo')
    expect(output).toContain('all 29 documents were taken')
    expect(code).toBe(0)
    const third = await replaying(place, dirtyFile).ended
    expect(third.output).toContain('sent 0 documents')
    const audited = await audit(place, dirtyFile)
    expect(audited.output.split('\n').filter((line) => line.startsWith('✗'))).toEqual([])
    expect(audited).toMatchObject({ code: 0, output: expect.stringContaining('audit clean') })
  })

  test('tells by kind what was refused, ends with 1, and the audit shows it', async () => {
    await using place = await Place.make('refused')
    await place.openShop()
    // Somebody has taken two of the numbers.
    for (const orderId of ['900101', '900153']) {
      const body = {
        orderId,
        customerId: 'x',
        country: 'France',
        paymentMethod: 'card',
        lines: [{ sku: '10001', quantity: 1, unitPriceMinor: 1 }],
      }
      const taken = await fetch(`${place.url}/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(taken.status).toBe(200)
    }
    const { code, output } = await replaying(place, dirtyFile).ended
    expect(output).toContain('✗ 900101: /orders answered 409: The number 900101 is taken')
    expect(output).toContain('       2  refused: orders.exists')
    expect(output).toContain('done, but not all was taken')
    expect(code).toBe(1)
    // It still knows when there is nothing left to send.
    expect(await replaying(place, dirtyFile).ended).toMatchObject({
      code: 1,
      output: expect.stringContaining('2  refused'),
    })
    const audited = await audit(place, dirtyFile)
    expect(audited).toMatchObject({ code: 1, output: expect.stringMatching(/✗ order lines: expected 28, found \d+/) })
  })

  test('begins anew in a shop that does not know what was sent', async () => {
    await using place = await Place.make('anew')
    writeFileSync(stateOf(place), JSON.stringify({ done: 20, refused: {} }))
    await place.openShop()
    const { code, output } = await replaying(place, dirtyFile).ended
    expect(output).toContain('which was sent before: beginning anew')
    expect([code, doneIn(place)]).toEqual([0, 29])
  })

  const real = skipUnless(hasRealFile, realFileReason)
  real.test('P4 P5 of 300 real documents ends with a clean audit', async () => {
    await using place = await Place.make('real')
    await place.openShop()
    expect(await replaying(place, realFile, '--limit', '300').ended).toMatchObject({
      code: 0,
      output: expect.stringContaining('all 300 documents were taken'),
    })
    const audited = await audit(place, realFile, '--limit', '300')
    expect(audited).toMatchObject({ code: 0, output: expect.stringContaining('audit clean') })
  })
})

describe('what is said to whoever', () => {
  test.each([
    ['retail/replay.ts', ['--help'], 0, 'npm run market:replay -- FILE'],
    ['retail/audit.ts', ['--help'], 0, 'npm run market:audit -- FILE'],
    ['retail/torture.ts', ['--help'], 0, 'npm run market:torture -- FILE'],
    ['retail/move.ts', ['--help'], 0, 'npm run market:move -- FILE'],
    ['demo/start.ts', ['--help'], 0, 'PORT=8080 npm start'],
    ['demo/start.ts', ['--loud'], 2, "✗ Unknown option '--loud'"],
    ['retail/replay.ts', [], 2, '✗ which FILE?'],
    ['retail/replay.ts', ['none.csv'], 1, '✗ there is no file '],
    ['retail/replay.ts', ['package.json'], 1, 'package.json is not in the Online Retail format'],
    ['retail/replay.ts', [dirtyFile, '--limit', 'many'], 2, "✗ --limit is a whole number from 0 on, not 'many'"],
    ['retail/audit.ts', [dirtyFile, '--fast'], 2, "✗ Unknown option '--fast'"],
  ])('runs %s %j', async (script, parameters, code, output) => {
    const ended = await run(script, parameters)
    expect(ended.output).toContain(output)
    // No stack of calls.
    expect(ended.output).not.toMatch(/^ {4}at /m)
    expect(ended.code).toBe(code)
  })

  test('audits a database on which no shop was ever opened', async () => {
    await using place = await Place.make('empty')
    mkdirSync(place.data)
    const { code, output } = await audit(place, dirtyFile)
    expect([code, output]).toEqual([1, '✗ no shop was ever opened on this database: npm start opens one\n'])
  })
})

describe('a shop', () => {
  test('says at a port that is taken how to choose another, and leaves nothing running', async () => {
    await using place = await Place.make('taken')
    await place.openShop()
    const data = join(place.folder, 'other')
    const second = await run('demo/start.ts', [], { ...place.environment, BANYAN_DATA: data })
    expect(second.output).toContain(`✗ Port ${place.port} on 127.0.0.1 is taken`)
    expect(second.output).toContain('PORT=8080 npm start')
    expect(second.code).toBe(1)
    expect(() => readFileSync(join(data, 'cluster/postmaster.pid'))).toThrow('ENOENT')
  })

  test('greets, lets visitors in, and is closed by one press of Ctrl-C, which comes several times', async () => {
    await using place = await Place.make('greets')
    const shop = await place.openShop([])
    expect(shop.output).toContain(`${place.url}/docs`)
    expect(shop.output).toContain(`the data stays in ${place.data}`)
    await shop.says('A visitor comes in every second')
    const database = place.postmaster()
    expect(isAlive(database)).toBe(true)
    shop.child.kill('SIGINT')
    const { code, output } = await shop.kill('SIGINT')
    expect(output).toContain('Closing: what is under way is finished first')
    expect([code, isAlive(database)]).toEqual([0, false])
  })
})

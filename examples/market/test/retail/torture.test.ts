import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hasRealFile, realFile } from '../support/files.js'
import { madeUpFile } from '../support/made-up.js'
import { Place, run } from '../support/processes.js'

test('P4 P5 a replay while shop and database are killed loses nothing and doubles nothing', async () => {
  await using place = await Place.make('torture')
  const file = hasRealFile ? realFile : madeUpFile(join(place.folder, 'made-up.csv'), 400)
  const parameters = [
    '--limit',
    '400',
    '--kills',
    '3',
    '--in-flight',
    '4',
    '--port',
    String(place.port),
    '--folder',
    join(place.folder, 'house'),
  ]
  const { code, output } = await run('retail/torture.ts', [file, ...parameters])
  expect(output).toContain('kill 3 of 3: both')
  expect(output).toContain('all 400 documents were taken')
  expect(output.split('\n').filter((line) => line.startsWith('✗'))).toEqual([])
  expect(output).toContain('audit clean')
  expect(code).toBe(0)
}, 180_000)

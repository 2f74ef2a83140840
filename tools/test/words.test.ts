import { describe, expect, test } from 'vitest'
import { checkText, checkWords } from '../words.js'
import { plantTree, toldBy } from './support/tree.js'

// In pieces, because the check reads this file too.
const join = (...pieces: string[]): string => pieces.join('')

describe('each forbidden word is found', () => {
  test.each([
    [join('see ', '/ho', 'me/ada/notes'), 'names a folder of somebody’s machine'],
    [join('path: "', '/wo', 'rk/main"'), 'names a folder of somebody’s machine'],
    [join('// TO', 'DO later'), 'leaves an open end'],
    [join('// FIX', 'ME'), 'leaves an open end'],
    [join('test.on', 'ly("x")'), 'runs only some tests'],
    [join('// @ts-ig', 'nore'), 'switches the type check off'],
  ])('%s', (line, what) => {
    expect(toldBy(checkText('a.ts', `first\n${line}\n`))).toEqual([`a.ts:2: ${what}: ${line}`])
  })
})

test('similar words are left alone', () => {
  const text =
    'frameworks/home/page.ts\nhttps://example.org/work/x\nmkdtemp XXXXXX\ntodoList\n// @ts-expect-error why\n'
  expect(checkText('a.ts', text)).toEqual([])
})

test('files are read, binary ones are not, and seeing none fails', () => {
  const word = join('TO', 'DO')
  const tree = plantTree({ 'a.md': `${word}\n`, 'b.bin': `\0${word}` })
  expect(toldBy(checkWords(tree.root, tree.files))).toEqual([`a.md:1: leaves an open end: ${word}`])
  expect(toldBy(checkWords(tree.root, []))).toEqual(['words: saw no files at all'])
})

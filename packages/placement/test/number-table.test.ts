import { createSeededAmbient } from '@banyan/ambient'
import { expect, test } from 'vitest'
import { type Numbered, NumberTable } from '../src/number-table.js'

interface Item extends Numbered<Item> {
  readonly of: string
}

const item = (number: number, of = 'a'): Item => ({ number, of, nextInTable: undefined })

test('finds what a Map finds, whatever comes and goes, also beyond its first size', () => {
  const { random } = createSeededAmbient(7)
  const table = new NumberTable<Item>()
  const map = new Map<number, Item>()
  let next = 0
  for (let turn = 0; turn < 20_000; turn++) {
    // Grows to some thousands, then shrinks to nothing.
    if (random() < (turn < 8_000 ? 0.8 : 0.2)) {
      next += 1 + Math.floor(random() * 3)
      const one = item(next)
      table.add(one)
      map.set(one.number, one)
    } else {
      const number = [...map.keys()][Math.floor(random() * Math.min(map.size, 50))] ?? -1
      const one = map.get(number)
      if (one) table.delete(one)
      map.delete(number)
      if (one) table.delete(one)
    }
    const asked = Math.floor(random() * next)
    expect(table.get(asked)).toBe(map.get(asked))
    expect(table.size).toBe(map.size)
  }
  expect(new Set(table)).toEqual(new Set(map.values()))
})

test('of several with one number the one that is meant is found and taken out', () => {
  const table = new NumberTable<Item>()
  const all = ['a', 'b', 'c'].map((of) => item(5, of))
  for (const one of all) table.add(one)
  expect(table.get(5, ({ of }) => of === 'b')).toBe(all[1])
  table.delete(all[1] as Item)
  expect(table.get(5, ({ of }) => of === 'b')).toBeUndefined()
  expect([...table].map(({ of }) => of).sort()).toEqual(['a', 'c'])
})

test('those that are taken out while it is walked through change nothing of the walk', () => {
  const table = new NumberTable<Item>()
  for (let number = 0; number < 1_000; number++) table.add(item(number))
  let seen = 0
  for (const one of table) {
    table.delete(one)
    seen++
  }
  expect(seen).toBe(1_000)
  expect(table.size).toBe(0)
})

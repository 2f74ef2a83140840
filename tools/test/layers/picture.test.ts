import { expect, test } from 'vitest'
import { reduceEdges } from '../../layers/picture.js'

test('the picture leaves out what a longer way implies, and nothing else', () => {
  const edges = new Map([
    ['host', new Set(['gateway', 'runtime', 'errors'])],
    ['gateway', new Set(['runtime', 'errors'])],
    ['runtime', new Set(['errors'])],
    ['errors', new Set<string>()],
  ])
  const reduced = Object.fromEntries([...reduceEdges(edges)].map(([from, to]) => [from, [...to]]))
  expect(reduced).toEqual({ host: ['gateway'], gateway: ['runtime'], runtime: ['errors'], errors: [] })
})

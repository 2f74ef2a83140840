import { expect, test } from 'vitest'
import { type InstanceReport, readReport } from '../../src/index.js'

const report: InstanceReport = {
  instance: 'a',
  service: 'stocks',
  host: 'h',
  pid: 1,
  startedAt: 0,
  connections: 1,
  state: 'running',
  lane: { host: '127.0.0.1', port: 7_422 },
  modules: [{ module: 'stock', version: '1.2.0', running: 0, queued: 0, limit: 1, lag: 0, parked: 0, deadLetters: 0 }],
  edges: [{ caller: 'orders', module: 'stock', breaker: 'half-open', answered: 3, failed: 1, retries: 1 }],
  leftOut: [{ module: 'stock', instance: 'b', backInMs: 1_000 }],
}
const read = (value: unknown) => readReport(Buffer.from(JSON.stringify(value)))

test('what a process tells of itself is read as it was told', () => {
  expect(read(report)).toEqual(report)
  const { lane, ...without } = report
  expect(read(without)).toEqual(without)
})

test.each([
  ['a lane without a port', { lane: { host: '127.0.0.1' } }],
  ['a lane on no port', { lane: { host: '127.0.0.1', port: 70_000 } }],
  ['a breaker of another state', { edges: [{ ...report.edges[0], breaker: 'ajar' }] }],
  ['an edge of no module', { edges: [{ ...report.edges[0], module: 'a.b' }] }],
  ['edges that are no list', { edges: {} }],
  ['one left out for no time', { leftOut: [{ module: 'stock', instance: 'b' }] }],
  ['a module without its load', { modules: [{ module: 'stock', version: '1.2.0' }] }],
  ['an instance that would be more than a token of a subject', { instance: 'a.>' }],
])('%s is not taken', (_, said) => {
  expect(read({ ...report, ...said })).toBeUndefined()
})

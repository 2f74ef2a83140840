import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Directory, type InstanceReport, type Topology } from '../../src/index.js'

const topology: Topology = {
  app: 'shop',
  services: [{ name: 'stocks', modules: ['stock'], replicas: 2, gateway: false }],
}
const report = (instance: string, said: Partial<InstanceReport> = {}, version = '1.2.0'): InstanceReport => ({
  instance,
  service: 'stocks',
  host: 'h',
  pid: 1,
  startedAt: 0,
  connections: 1,
  state: 'running',
  modules: [{ module: 'stock', version, running: 0, queued: 0, limit: 1, lag: 0, parked: 0, deadLetters: 0 }],
  edges: [],
  leftOut: [],
  ...said,
})

let gone: string[]
let directory: Directory
const here = (wanted = '1.0.0'): string[] => directory.providers('stock', wanted).map(({ instance }) => instance)

beforeEach(() => {
  vi.useFakeTimers()
  gone = []
  directory = new Directory({ topology, instance: 'me', lapseMs: 1_000, gone: (instance) => void gone.push(instance) })
})
afterEach(() => {
  directory.close()
  vi.useRealTimers()
})

test('who falls silent is dead; who tells of itself, and this process, is not', () => {
  for (const instance of ['me', 'a', 'b']) directory.heard('stocks', report(instance))
  for (let turn = 0; turn < 6; turn++) {
    vi.advanceTimersByTime(500)
    directory.heard('stocks', report('a'))
  }
  expect(here()).toEqual(['me', 'a'])
  expect(gone).toEqual(['b'])
})

test('nobody lapses while the broker cannot be heard', () => {
  directory.heard('stocks', report('a'))
  directory.hearing = false
  vi.advanceTimersByTime(60_000)
  expect(here()).toEqual(['a'])
  directory.hearing = true
  vi.advanceTimersByTime(900)
  expect(here()).toEqual(['a'])
  vi.advanceTimersByTime(900)
  expect(here()).toEqual([])
})

test('who stops is not called, and is kept until it has stopped', () => {
  directory.heard('stocks', report('a'))
  directory.heard('stocks', report('a', { state: 'stopping' }))
  expect(here()).toEqual([])
  expect(gone).toEqual([])
  expect(directory.instances()).toHaveLength(1)
  directory.heard('stocks', report('a', { state: 'stopped' }))
  expect(gone).toEqual(['a'])
  expect(directory.instances()).toEqual([])
})

test('who was cut off from the broker has lost what was sent to it, and is called again', () => {
  directory.heard('stocks', report('a'))
  directory.heard('stocks', report('a', { connections: 2 }))
  expect(gone).toEqual(['a'])
  expect(here()).toEqual(['a'])
})

test('a suspect is skipped until it is heard again, and what is outstanding stays known', () => {
  directory.heard('stocks', report('a'))
  const [provider] = directory.providers('stock', '1.0.0')
  if (provider) provider.outstanding = 3
  directory.suspect('a')
  expect(here()).toEqual([])
  directory.heard('stocks', report('a'))
  expect(directory.providers('stock', '1.0.0')[0]?.outstanding).toBe(3)
})

test('the newest compatible version serves, never an older or a next major one', () => {
  directory.heard('stocks', report('old', {}, '1.1.0'))
  directory.heard('stocks', report('new', {}, '1.10.0'))
  directory.heard('stocks', report('newer', {}, '1.9.7'))
  directory.heard('stocks', report('major', {}, '2.0.0'))
  expect(here('1.0.0')).toEqual(['new'])
  expect(here('1.10.1')).toEqual([])
  expect(here('2.0.0')).toEqual(['major'])
  directory.suspect('new')
  expect(here('1.0.0')).toEqual(['newer'])
})

test('a listener hears every change that matters, and no beat that tells nothing new', () => {
  let changes = 0
  const end = directory.onChange(() => void changes++)
  directory.heard('stocks', report('a'))
  directory.heard('stocks', report('a'))
  expect(changes).toBe(1)
  directory.heard('stocks', report('a', {}, '1.3.0'))
  expect(changes).toBe(2)
  end()
  directory.heard('stocks', report('b'))
  expect(changes).toBe(2)
})

test('who waits for a provider gets the first, or nothing when the time is over', async () => {
  const given = directory.whenProvided('stock', '1.0.0', 1_000)
  directory.heard('stocks', report('a'))
  expect((await given)?.instance).toBe('a')
  const none = directory.whenProvided('stock', '3.0.0', 1_000)
  vi.advanceTimersByTime(1_001)
  expect(await none).toBeUndefined()
})

test('nobody is waited for of whom nobody will tell: only at the start, and while one is in doubt', async () => {
  const waits = () => directory.mayCome('stock', '1.0.0')
  expect(waits()).toBe(true)
  vi.advanceTimersByTime(1_000)
  expect(waits()).toBe(false)
  expect(await directory.whenProvided('stock', '1.0.0', 1_000)).toBeUndefined()
  directory.heard('stocks', report('a'))
  directory.suspect('a')
  expect(waits()).toBe(true)
  expect(directory.mayCome('stock', '3.0.0')).toBe(false)
  const back = directory.whenProvided('stock', '1.0.0', 1_000)
  directory.heard('stocks', report('a'))
  expect((await back)?.instance).toBe('a')
  directory.suspect('a')
  vi.advanceTimersByTime(60_000)
  expect(waits()).toBe(false)
  // What came while nothing was heard tells of itself only now.
  directory.hearing = false
  directory.hearing = true
  expect(waits()).toBe(true)
})

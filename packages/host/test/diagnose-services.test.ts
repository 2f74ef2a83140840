import { createServer } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { brokerFindings, clockFinding, connectionsFinding, versionFinding } from '../src/diagnose-services.js'

const service = (modules: string[], replicas: number) => ({ name: 'x', modules, replicas, gateway: false })
const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** Something that listens and says a line. */
function listening(line: string): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => undefined).end(line))
  closing.push(() => server.close())
  return new Promise((done) =>
    server.listen(0, '127.0.0.1', () => done(`nats://127.0.0.1:${(server.address() as { port: number }).port}`)),
  )
}

test('connections are counted by modules, pool and replicas', () => {
  const topology = { app: 'shop', services: [service(['a', 'b'], 3), service(['c'], 1), service([], 5)] }
  expect(connectionsFinding(topology, 11, 82, 5)).toMatchObject({ state: 'good' })
  expect(connectionsFinding(topology, 11, 81, 5)).toMatchObject({
    state: 'warning',
    what: expect.stringContaining('may open 77 connections; the server allows 81'),
  })
})

test.each([
  ['2.9.9', 'bad'],
  ['2.9.10', 'warning'],
  ['2.11.15', 'warning'],
  ['2.11.16', 'good'],
  ['2.12.6', 'warning'],
  ['2.12.7', 'good'],
  ['2.13.0-RC.1', 'good'],
  ['3.0.0', 'good'],
  ['unknown', 'bad'],
])('nats-server %s is %s', (version, state) => {
  expect(versionFinding(version).state).toBe(state)
})

test('clocks that are apart are told', () => {
  expect(clockFinding(10_000, 11_900).state).toBe('good')
  expect(clockFinding(10_000, 70_000)).toMatchObject({ state: 'warning', what: expect.stringContaining('60 s apart') })
})

test('a server is asked for its version and JetStream without credentials', async () => {
  const on = await listening('INFO {"version":"2.12.7","jetstream":true} \r\n')
  expect((await brokerFindings({ NATS_URL: on })).map(({ state }) => state)).toEqual(['good', 'good'])
  const off = await listening('INFO {"version":"2.12.7"} \r\n')
  expect((await brokerFindings({ NATS_URL: off.replace('//', '//ada:secret@') }))[1]).toEqual({
    state: 'bad',
    what: `JetStream is off at ${off}`,
    remedy: expect.any(String),
  })
})

test('what is no NATS server, and a program that is not there, are told', async () => {
  const other = await listening('HTTP/1.1 400 Bad Request\r\n\r\n')
  expect((await brokerFindings({ NATS_URL: other }))[0]).toMatchObject({ state: 'bad' })
  const none = await brokerFindings({ PATH: '/nowhere' })
  expect(none).toEqual([{ state: 'warning', what: expect.stringContaining('PATH'), remedy: expect.any(String) }])
})

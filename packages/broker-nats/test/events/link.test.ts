import { createLogger, type LogEvent, laneCount } from '@banyan/runtime'
import type { Msg, NatsConnection, Status } from '@nats-io/transport-node'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createBrokerEvents } from '../../src/index.js'

type Callback = (error: Error | null, message: Msg) => void

/** A connection as the broker never lets one be seen: what it says, and what is published, is up to the test. */
function connection() {
  const published: string[] = []
  let answer: Callback = () => undefined
  let tell: (status: Status) => void = () => undefined
  async function* statuses(): AsyncGenerator<Status> {
    for (;;)
      yield await new Promise<Status>((resolve) => {
        tell = resolve
      })
  }
  const fake = {
    isClosed: () => false,
    status: statuses,
    subscribe: (_subject: string, { callback }: { callback: Callback }) => {
      answer = callback
    },
    publish: (_subject: string, _text: string, { reply }: { reply: string }) => void published.push(reply),
  }
  return {
    connection: fake as unknown as NatsConnection,
    published,
    stored: (subject: string) => answer(null, { subject, string: () => '{"seq":1}' } as unknown as Msg),
    says: (status: Status) => tell(status),
  }
}

const opened = (lines: string[] = []) => {
  const made = connection()
  const logger = createLogger({ level: 'error', destination: { write: (line) => void lines.push(line) } })
  return { ...made, events: createBrokerEvents({ connection: made.connection, logger, app: 'shop', accounts: false }) }
}

test('what the broker refuses is told: what is published and subscribed to has no answer that could', async () => {
  const lines: string[] = []
  const { says } = opened(lines)
  await new Promise((done) => setImmediate(done))
  says({ type: 'error', error: new Error('Permissions Violation for Publish to "x"') })
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    msg: 'the NATS server refused something about events',
    err: { message: 'Permissions Violation for Publish to "x"' },
  })
})

test('a connection that breaks costs what is under way, not what was ever published', async () => {
  const { events, published, stored, says } = opened()
  const stream = events.stream('orders')
  const event = (position: number): LogEvent => ({
    id: `e${position}`,
    lane: 0,
    position,
    key: 'k',
    type: 'placed',
    version: 1,
    data: '{}',
    at: 0,
    context: '{}',
  })
  const tail = { sequence: 0, lanes: Array.from({ length: laneCount }, () => 0) }
  const publish = (from: number, count: number) =>
    stream.publish(
      'i',
      Array.from({ length: count }, (_, index) => event(from + index)),
      tail,
    )
  const first = publish(1, 2_000)
  for (const reply of published.splice(0)) stored(reply)
  expect(await first).toBeUndefined()
  const lost = publish(2_001, 2)
  // Both events of it are one flight.
  const looks = vi.spyOn(Map.prototype, 'get')
  onTestFinished(() => looks.mockRestore())
  says({ type: 'disconnect', server: 's' })
  await expect(lost).rejects.toMatchObject({ code: 'unavailable' })
  expect(looks.mock.calls.filter(([key]) => typeof key === 'number').length).toBeLessThan(100)
})

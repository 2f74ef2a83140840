import { banyanError, errorData } from '@banyan/errors'
import { afterEach, describe, expect, it } from 'vitest'
import type { Envelope, Outcome } from '../../src/call/envelope.js'
import type { NewJob } from '../../src/ports/store.js'
import { type Harness, type harness, nothing, plan, started, until } from './harness.js'

let running: Harness | undefined
afterEach(async () => {
  await running?.delivery.stop(1_000)
  running = undefined
})

async function start(...parameters: Parameters<typeof harness>): Promise<Harness> {
  running = await started(...parameters)
  return running
}

const day = 24 * 3_600_000
const ok: Outcome = { ok: true, value: null }

function job(run: Harness, id: string, inMs = 0): NewJob {
  return {
    id,
    module: 'mail',
    operation: 'send',
    input: `{"id":"${id}"}`,
    runAt: run.clock.now() + inMs,
    context: '{"correlationId":"c"}',
  }
}

function add(run: Harness, ...jobs: NewJob[]): void {
  for (const one of jobs) run.modules.billing.jobs.set(one.id, { ...one, attempts: 0 })
  run.delivery.committed('billing', [], jobs)
}

describe('durable jobs', () => {
  it('are called when they are due, under their own id, as a repeatable command (P4)', async () => {
    const run = await start([])
    const calls: Envelope[] = []
    run.calls = async (envelope) => {
      calls.push(envelope)
      return ok
    }
    add(run, job(run, 'later', 60_000), job(run, 'now'))
    await run.delivery.settled()
    expect(calls.map((call) => call.id)).toEqual(['now'])
    expect(calls[0]).toMatchObject({
      kind: 'command',
      module: 'mail',
      operation: 'send',
      input: { id: 'now' },
      repeatable: true,
      caller: 'billing',
      travel: { correlationId: 'c' },
    })
    run.clock.advance(60_000)
    await run.delivery.settled()
    expect(calls.map((call) => call.id)).toEqual(['now', 'later'])
    expect(run.modules.billing.jobs.size).toBe(0)
  })

  it('that event handlers ask for are written with the effect and called', async () => {
    const run = await start([plan('billing')])
    const called: string[] = []
    run.calls = async (envelope) => {
      called.push(envelope.id)
      return ok
    }
    run.handlers.billing = (event) => ({ ...nothing, jobs: [job(run, `job-${event.id}`)] })
    run.publish([{ key: 'a' }, { key: 'b' }])
    await run.delivery.settled()
    expect(called.sort()).toEqual(['job-event-0', 'job-event-1'])
  })

  it('with a declared answer are dead letters at once: their id would only repeat it (P4, S1)', async () => {
    const run = await start([])
    let calls = 0
    run.calls = async () => {
      calls++
      return { ok: false, error: { code: 'mail.full', message: 'full', status: 503, retryable: true } }
    }
    add(run, job(run, 'full'))
    await run.delivery.settled()
    run.clock.advance(day)
    await run.delivery.settled()
    expect(calls).toBe(1)
    expect(run.modules.billing.jobs.size).toBe(0)
  })

  it('run a bounded number at a time (P9)', async () => {
    const run = await start([], { jobConcurrency: 3 })
    let most = 0
    run.calls = async () => {
      most = Math.max(most, run.delivery.jobsRunning('billing'))
      await new Promise((resolve) => setImmediate(resolve))
      return ok
    }
    add(run, ...Array.from({ length: 30 }, (_, index) => job(run, `j${index}`)))
    await run.delivery.settled()
    expect(most).toBe(3)
    expect(run.modules.billing.jobs.size).toBe(0)
  })

  it('become a dead letter at once after a definite error, and after the last attempt otherwise', async () => {
    const run = await start([], { jobAttempts: 4 })
    const attempts = new Map<string, number>()
    run.calls = async ({ id }) => {
      attempts.set(id, (attempts.get(id) ?? 0) + 1)
      if (id === 'refused') return { ok: false, error: errorData(banyanError('access-denied', { operation: 'x' })) }
      return { ok: false, error: errorData(banyanError('unavailable', { what: 'mail' })) }
    }
    add(run, job(run, 'refused'), job(run, 'unreachable'))
    for (let round = 0; round < 5; round++) {
      await run.delivery.settled()
      run.clock.advance(day)
    }
    await run.delivery.settled()
    expect([...attempts]).toEqual([
      ['refused', 1],
      ['unreachable', 4],
    ])
    expect(run.modules.billing.deadJobs.map(({ job: dead, error }) => [dead.id, JSON.parse(error).code])).toEqual([
      ['refused', 'access-denied'],
      ['unreachable', 'unavailable'],
    ])
  })

  it('that a stop cuts off are left for the next process, uncounted', async () => {
    const run = await start([])
    run.calls = (_envelope, signal) =>
      new Promise((resolve) => {
        const error = errorData(banyanError('cancelled', { operation: 'mail.send' }))
        signal.addEventListener('abort', () => resolve({ ok: false, error }))
      })
    add(run, job(run, 'long'))
    await until(() => run.delivery.jobsRunning('billing') === 1)
    await run.delivery.stop(5)
    expect([...run.modules.billing.jobs.values()].map(({ id, attempts }) => [id, attempts])).toEqual([['long', 0]])
    const next = run.another('next process')
    run.calls = async () => ok
    await next.start()
    await until(() => run.modules.billing.jobs.size === 0)
    await next.stop(1_000)
  })
})

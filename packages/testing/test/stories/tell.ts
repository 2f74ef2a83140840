import { isBanyanError } from '@banyan/errors'
import { createLogger } from '@banyan/runtime'
import { type TestApp, testApp } from '@banyan/testing'
import type { Placement } from '../placements.js'
import { stories, storiesFolder } from './app.js'
import { contracts, gamma } from './contracts.js'
import type { Act, Story } from './story.js'

type Stage = TestApp<'alpha' | 'beta' | 'gamma' | 'delta'>

/** All that somebody outside can observe of a story: the same in every placement (P1). */
export interface Observed {
  /** Of each command by its id: what it answered. */
  readonly outcomes: Readonly<Record<string, unknown>>
  /** By module and key: what was published, in order. */
  readonly events: Readonly<Record<string, readonly number[]>>
  /** By module, origin and key: what was written, in order. */
  readonly entries: Readonly<Record<string, readonly number[]>>
  /** What is not done: nothing, at the end. */
  readonly left: number
}

const attempts = 400
const pauseMs = 25

/** Tells a story in a placement, to its end. */
export async function tell(story: Story, placement: Placement, seed: number): Promise<Observed> {
  await using t = await testApp(stories, {
    placement,
    seed,
    now: '2026-03-01T12:00:00Z',
    baseFolder: storiesFolder,
    appFile: 'app.ts',
    logger: createLogger({ level: 'silent' }),
  })
  const outcomes: Record<string, unknown> = {}
  for (const { module, point, pass } of story.crashes) t.crash(module, point, { pass })
  for (const { acts, after } of story.rounds) {
    await Promise.all(
      acts.map(async (act) => {
        outcomes[act.id] = await perform(t, act)
      }),
    )
    if (after === 'settle') await t.settled(settleMs)
    if (after === 'let time pass') await t.clock.advance('2s')
  }
  await t.settled(settleMs)
  await insist(() => t.call(gamma, { id: openId }).open())
  await t.clock.advance('20m')
  await t.settled(settleMs)
  return { outcomes, events: eventsOf(t), ...(await entriesOf(t)) }
}

const settleMs = 30_000
const openId = '00000000-0000-4000-8000-000000000001'

async function perform(t: Stage, { id, module, steps, givenUp }: Act): Promise<unknown> {
  const run = (signal?: AbortSignal) =>
    t.call(contracts[module], { id, ...(signal ? { signal } : {}) }).run({ steps: [...steps] })
  if (givenUp) {
    const giveUp = new AbortController()
    setImmediate(() => giveUp.abort())
    // Done or cancelled: whoever asks again is told.
    await run(giveUp.signal).catch(() => undefined)
  }
  return insist(run)
}

/** Asks again under the same id for as long as the outcome is not known, as a careful client does. */
async function insist(call: () => PromiseLike<unknown>): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      if (!isBanyanError(error) || attempt === attempts) throw error
      // The reference names a line of the log: another one for each attempt.
      if (!error.retryable) return { code: error.code, details: error.code === 'internal' ? undefined : error.details }
      await new Promise((done) => setTimeout(done, pauseMs))
    }
  }
}

function eventsOf(t: Stage): Record<string, number[]> {
  const events: Record<string, number[]> = {}
  for (const contract of Object.values(contracts))
    for (const published of Object.values(t.events(contract)).flat()) {
      const { key, value } = published.data as { key: string; value: number }
      add(events, `${contract.name} ${key}`, value)
    }
  return events
}

async function entriesOf(t: Stage): Promise<Pick<Observed, 'entries' | 'left'>> {
  const entries: Record<string, number[]> = {}
  let left = 0
  for (const contract of Object.values(contracts)) {
    const sql = t.sql(contract)
    const rows = await sql<{
      origin: string
      key: string
      value: number
    }>`select origin, key, value from entries order by n`
    for (const { origin, key, value } of rows) add(entries, `${contract.name} ${origin} ${key}`, value)
    // Jobs have no order.
    for (const [name, values] of Object.entries(entries)) if (name.endsWith('/later')) values.sort((a, b) => a - b)
    for (const table of ['banyan_parked', 'banyan_jobs', 'banyan_dead_letters'])
      left += (await sql`select from ${sql.id(table)}`.all()).length
  }
  return { entries, left }
}

function add(all: Record<string, number[]>, name: string, value: number): void {
  const known = all[name]
  if (known) known.push(value)
  else all[name] = [value]
}

import { fileURLToPath } from 'node:url'
import { contract } from '@banyan/contract'
import { type CommandHandler, defineApp, defineModule, type EventHandler, type QueryHandler } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { type TestApp, type TestAppOptions, testApp } from '@banyan/testing'
import { z } from 'zod'
import type { Placement } from '../placements.js'

const act = {
  input: z.object({ name: z.string(), value: z.unknown().optional() }),
  output: z.object({ value: z.unknown().optional() }),
  errors: {
    refused: { status: 409, message: 'Refused: {reason}', details: z.object({ reason: z.string() }) },
  },
}

const event = {
  data: z.object({ name: z.string(), n: z.number().int(), value: z.unknown().optional() }),
  key: 'name',
} as const

/** Called by `front`. */
export const back = contract({
  name: 'back',
  version: '1.0.0',
  commands: { act },
  queries: { look: { input: act.input, output: act.output } },
  events: { acted: event },
})

/** Called by tests; its events go to `first` and `second`. */
export const front = contract({
  name: 'front',
  version: '1.0.0',
  commands: { act },
  queries: { look: { input: act.input, output: act.output } },
  events: { acted: event },
})

export const first = contract({ name: 'first', version: '1.0.0' })
export const second = contract({ name: 'second', version: '1.0.0' })

interface Uses {
  readonly back: typeof back
}

export type FrontAct = CommandHandler<typeof front, 'act', Uses>
export type BackAct = CommandHandler<typeof back, 'act'>
export type OnActed = EventHandler<typeof first, typeof front, 'acted', Uses>

/** What the modules of a test do. What is absent does nothing. */
export interface Experiment {
  readonly front?: FrontAct
  readonly frontLook?: QueryHandler<typeof front, 'look', Uses>
  readonly back?: BackAct
  readonly backLook?: QueryHandler<typeof back, 'look'>
  readonly first?: OnActed
  readonly second?: OnActed
  /** Of `front`. */
  readonly limits?: { readonly concurrency: number; readonly queue: number }
}

export type Lab = TestApp<'front' | 'back' | 'first' | 'second'>

/** Publishes an event with the name and number of the input. */
export const publish: FrontAct = ({ name, value }, { emit }) => {
  emit.acted({ name, n: Number(value) })
  return {}
}

const nothing = () => ({})
const migrations = 'effects'

/** Where the test counts how often code runs: a repetition runs it again (see differences.test.ts). */
export const countsRuns = { repeat: false } as const

/** The lab in a placement. */
export function labIn(placement: Placement) {
  return (experiment: Experiment, options: TestAppOptions<'front' | 'back'> = {}): Promise<Lab> =>
    openLab(experiment, { placement, ...options })
}

/** Two modules that call and two that listen, doing what the test says. */
function openLab(experiment: Experiment, options: TestAppOptions<'front' | 'back'>): Promise<Lab> {
  const lab = defineApp({
    name: 'lab',
    modules: [
      defineModule(front, {
        uses: { back },
        migrations,
        commands: { act: experiment.front ?? nothing },
        queries: { look: experiment.frontLook ?? nothing },
        ...(experiment.limits ? { limits: experiment.limits } : {}),
      }),
      defineModule(back, {
        migrations,
        commands: { act: experiment.back ?? nothing },
        queries: { look: experiment.backLook ?? nothing },
      }),
      defineModule(first, {
        uses: { back },
        listens: { front },
        migrations,
        on: { front: { acted: experiment.first ?? (() => undefined) } },
      }),
      defineModule(second, {
        uses: { back },
        listens: { front },
        migrations,
        on: { front: { acted: (experiment.second ?? (() => undefined)) as never } },
      }),
    ],
  })
  return testApp(lab, {
    baseFolder: fileURLToPath(new URL('.', import.meta.url)),
    logger: createLogger({ level: 'silent' }),
    ...options,
  })
}

/** The notes that a module has in its table, in order. */
export async function notes(
  t: Lab,
  module: typeof front | typeof back | typeof first | typeof second,
): Promise<string[]> {
  const rows = await t.sql(module)<{ note: string }>`select note from effects order by n`.all()
  return rows.map((row) => row.note)
}

/** Something that a handler waits for until the test lets it go on. */
export function gate(): {
  readonly opened: Promise<void>
  open(): void
  readonly reached: Promise<void>
  reach(): void
} {
  let open = (): void => undefined
  let reach = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  const reached = new Promise<void>((resolve) => {
    reach = resolve
  })
  return { opened, open: () => open(), reached, reach: () => reach() }
}

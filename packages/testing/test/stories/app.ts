import { fileURLToPath } from 'node:url'
import { defineApp, defineModule, type Sql } from '@banyan/module'
import { alpha, beta, delta, gamma, type Step } from './contracts.js'

export const storiesFolder = fileURLToPath(new URL('.', import.meta.url))

interface Answer {
  readonly results: readonly string[]
  readonly made: string
}
interface Caller {
  run(input: { steps: Step[] }): {
    result(): Promise<{ ok: true; value: Answer } | { ok: false; error: { code: string } }>
  }
}
interface Tools {
  readonly sql: Sql
  readonly emit: { happened(data: { key: string; value: number }): void }
  readonly call: Readonly<Record<string, unknown>>
  readonly fail: { declined(details: { why: string }): Error }
  newId(): string
  later(steps: Step[], inMs: number): void
}

async function perform(step: Step, tools: Tools): Promise<string> {
  switch (step.do) {
    case 'write':
      await tools.sql`insert into entries (origin, key, value) values ('command', ${step.key}, ${step.value})`
      return 'written'
    case 'emit':
      tools.emit.happened({ key: step.key, value: step.value })
      return 'emitted'
    case 'call': {
      const answer = await (tools.call[step.module] as Caller).run({ steps: [...step.steps] }).result()
      return answer.ok ? `${answer.value.made}(${answer.value.results.join()})` : answer.error.code
    }
    case 'later':
      tools.later([{ do: 'write', key: `${step.key}/later`, value: step.value }], step.inMs)
      return 'later'
    case 'decline':
      throw tools.fail.declined({ why: step.why })
    case 'break':
      throw new Error('broken')
  }
}

async function runSteps(steps: readonly unknown[], tools: Tools): Promise<{ results: string[]; made: string }> {
  const results: string[] = []
  for (const step of steps as Step[]) results.push(await perform(step, tools))
  return { results, made: tools.newId() }
}

const migrations = 'entries'

const gammaModule = defineModule(gamma, {
  migrations,
  commands: {
    run: ({ steps }, { sql, emit, fail, newId, later }) =>
      runSteps(steps, {
        sql,
        emit,
        call: {},
        fail,
        newId,
        later: (own, inMs) => later.gamma.run({ steps: own }, { in: inMs }),
      }),
    open: async (_input, { sql }) => void (await sql`insert into gate (opened) values (true)`),
  },
  queries: {
    isOpen: async (_input, { sql }) => (await sql`select opened from gate`.first()) !== null,
  },
})

const betaModule = defineModule(beta, {
  uses: { gamma },
  migrations,
  commands: {
    run: ({ steps }, { sql, emit, call, fail, newId, later }) =>
      runSteps(steps, {
        sql,
        emit,
        call,
        fail,
        newId,
        later: (own, inMs) => later.beta.run({ steps: own }, { in: inMs }),
      }),
  },
})

const alphaModule = defineModule(alpha, {
  uses: { beta, gamma },
  listens: { delta },
  migrations,
  commands: {
    run: ({ steps }, { sql, emit, call, fail, newId, later }) =>
      runSteps(steps, {
        sql,
        emit,
        call,
        fail,
        newId,
        later: (own, inMs) => later.alpha.run({ steps: own }, { in: inMs }),
      }),
  },
  on: {
    delta: {
      async echoed({ key, value }, { sql }) {
        await sql`insert into entries (origin, key, value) values ('delta', ${key}, ${value})`
      },
    },
  },
})

interface Heard {
  readonly key: string
  readonly value: number
}
interface Hearing {
  readonly sql: Sql
  readonly event: { readonly source: string }
  readonly emit: { echoed(data: Heard): void }
  readonly call: {
    readonly gamma: { isOpen(): PromiseLike<boolean>; run(input: { steps: Step[] }): PromiseLike<unknown> }
  }
}

async function hear({ key, value }: Heard, { sql, event, emit, call }: Hearing): Promise<void> {
  const echo = `${key}/${event.source}`
  // Some fail until the gate is open: they are set aside, and what follows them on their key waits.
  if (value % 7 === 0 && !(await call.gamma.isOpen())) throw new Error('not yet')
  if (value % 3 === 0) await call.gamma.run({ steps: [{ do: 'write', key: echo, value: 1_000 + value }] })
  await sql`insert into entries (origin, key, value) values (${event.source}, ${key}, ${value})`
  if (value % 2 === 0) emit.echoed({ key: echo, value })
}

const deltaModule = defineModule(delta, {
  uses: { gamma },
  listens: { alpha, beta },
  migrations,
  on: {
    alpha: { happened: (data, tools) => hear(data, tools) },
    beta: { happened: (data, tools) => hear(data, tools) },
    gamma: { happened: (data, tools) => hear(data, tools) },
  },
})

export const stories = defineApp({ name: 'stories', modules: [alphaModule, betaModule, gammaModule, deltaModule] })

import { contract } from '@banyan/contract'
import { z } from 'zod'

/** What a command does, one after the other; plain data, so that a story can be told to other processes. */
export type Step =
  | { readonly do: 'write' | 'emit'; readonly key: string; readonly value: number }
  | { readonly do: 'call'; readonly module: 'beta' | 'gamma'; readonly steps: readonly Step[] }
  | { readonly do: 'later'; readonly key: string; readonly value: number; readonly inMs: number }
  /** Ends it with an error that it declares. */
  | { readonly do: 'decline'; readonly why: string }
  /** Ends it with one that nobody declares. */
  | { readonly do: 'break' }

const run = {
  input: z.object({ steps: z.array(z.unknown()) }),
  output: z.object({ results: z.array(z.string()), made: z.uuid() }),
  errors: { declined: { status: 409, message: 'Declined: {why}', details: z.object({ why: z.string() }) } },
}
const happened = { data: z.object({ key: z.string(), value: z.number().int() }), key: 'key' } as const

export const gamma = contract({
  name: 'gamma',
  version: '1.0.0',
  commands: { run, open: {} },
  queries: { isOpen: { output: z.boolean() } },
  events: { happened },
})
export const beta = contract({ name: 'beta', version: '1.0.0', commands: { run }, events: { happened } })
export const alpha = contract({ name: 'alpha', version: '1.0.0', commands: { run }, events: { happened } })

/** Hears of everything, and tells of some of it, which `alpha` hears. */
export const delta = contract({ name: 'delta', version: '1.0.0', events: { echoed: happened } })

export const contracts = { alpha, beta, gamma, delta }

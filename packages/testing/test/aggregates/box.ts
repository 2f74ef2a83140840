import { contract } from '@banyan/contract'
import { type CommandHandler, defineApp, defineModule, type QueryHandler } from '@banyan/module'
import { createLogger } from '@banyan/runtime'
import { type TestApp, type TestAppOptions, testApp } from '@banyan/testing'
import { z } from 'zod'

const act = { input: z.object({ n: z.number().int().default(0) }), output: z.unknown() }

/** Does what the test says. */
export const box = contract({ name: 'box', version: '1.0.0', commands: { act }, queries: { look: act } })
/** Called by `box`; counts how often. */
export const bell = contract({ name: 'bell', version: '1.0.0', commands: { ring: {} } })

export type Act = CommandHandler<typeof box, 'act', { bell: typeof bell }>
type Look = QueryHandler<typeof box, 'look', { bell: typeof bell }>

export interface BoxOptions extends TestAppOptions<'box' | 'bell'> {
  readonly look?: Look
  readonly ring?: CommandHandler<typeof bell, 'ring'>
}

export function openBox(act: Act, { look, ring, ...options }: BoxOptions = {}): Promise<TestApp<'box' | 'bell'>> {
  const app = defineApp({
    name: 'box',
    modules: [
      defineModule(box, { uses: { bell }, commands: { act }, queries: { look: look ?? (() => null) } }),
      defineModule(bell, { commands: { ring: ring ?? (() => undefined) } }),
    ],
  })
  return testApp(app, { placement: 'local', logger: createLogger({ level: 'silent' }), ...options })
}

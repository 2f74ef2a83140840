import type { AnyContract, ContractShape } from '@banyan/contract'
import { banyanError } from '@banyan/errors'
import { type AnyModule, type CommandHandlers, defineModule, type Module, type QueryHandlers } from '@banyan/module'

// biome-ignore lint/complexity/noBannedTypes: an object type without members is what is meant
type None = {}

/** Handlers for some of the operations of a contract. */
export type StandInHandlers<C extends ContractShape> = Partial<CommandHandlers<C, None, None, unknown>> &
  Partial<QueryHandlers<C, None, None, unknown>>

type Handler = (input: unknown, context: object) => unknown

/**
 * A module that keeps a contract with the handlers given, to take the place of the real one: `replace: [standIn(payments,
 * { authorize: async () => ({ … }) })]`. It has no data of its own, and may emit the events of the contract. Calling an
 * operation without a handler fails with `no-stand-in`, which names it.
 * @throws `invalid-module` when a handler is given that the contract does not have
 */
export function standIn<C extends ContractShape>(contract: C, handlers: StandInHandlers<C>): Module<C['name']>
export function standIn(contract: ContractShape, handlers: object): AnyModule {
  const whole = contract as AnyContract
  const given = handlers as Readonly<Record<string, Handler | undefined>>
  const known = { ...whole.commands, ...whole.queries }
  const unknown = Object.fromEntries(Object.entries(given).filter(([name]) => !Object.hasOwn(known, name)))
  const of = (operations: object): Record<string, Handler> =>
    Object.fromEntries(Object.keys(operations).map((name) => [name, given[name] ?? absent(whole.name, name)]))
  // What the contract does not have goes along, so that defineModule refuses it with the names that there are.
  const options = { commands: { ...of(whole.commands), ...unknown }, queries: of(whole.queries) }
  return defineModule(whole as never, options as never)
}

function absent(module: string, operation: string): Handler {
  return () => {
    throw banyanError('no-stand-in', { module, operation: `${module}.${operation}` }, { origin: module })
  }
}

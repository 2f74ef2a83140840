import type { AnyContract } from '@banyan/contract'
import { unwrap, withResult } from '../dispatch/calls.js'
import type { ExternalCall, Runtime } from '../lifecycle/types.js'

/** What stays the same for all calls of one caller: identity, correlation, trace, time limit, command id. */
export type CallDefaults = Omit<ExternalCall, 'module' | 'operation' | 'input'>

/**
 * Typed calls from outside the modules: one method for each operation of the contract, with `.result()` like `call`
 * inside a handler.
 */
export function createCaller(
  runtime: Pick<Runtime, 'execute'>,
  contract: AnyContract,
  defaults: CallDefaults = {},
): object {
  const caller: Record<string, unknown> = {}
  for (const operation of [...Object.keys(contract.commands), ...Object.keys(contract.queries)])
    caller[operation] = (input: unknown) =>
      withResult(
        runtime
          .execute({ ...defaults, module: contract.name, operation, input })
          .then((outcome) => unwrap(contract, operation, outcome)),
      )
  return caller
}

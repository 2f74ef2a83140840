import type { AnyContract, AnySchema, ContractShape } from '@banyan/contract'
import { problemsError } from '@banyan/errors'
import type { Contracts } from './calls.js'
import type { None } from './handlers.js'
import type { AnyModule, Module } from './module-types.js'
import type { ModuleOptions } from './options.js'
import { type AnyModuleOptions, readModule } from './read.js'

/**
 * Says how a module keeps its contract. Types of inputs, outputs, events and errors come from the contracts.
 * @throws `invalid-module` with every problem of the definition at once
 */
export function defineModule<
  Own extends ContractShape,
  Uses extends Contracts = None,
  Listens extends Contracts = None,
  Config extends AnySchema | undefined = undefined,
  Helpers = unknown,
>(contract: Own, options: ModuleOptions<Own, Uses, Listens, Config, Helpers>): Module<Own['name']>
export function defineModule(contract: AnyContract, options: object): AnyModule {
  const { module, problems } = readModule(contract, options as AnyModuleOptions)
  if (problems.length > 0) throw problemsError('invalid-module', { name: contract.name }, problems)
  return module
}

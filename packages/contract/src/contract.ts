import { problemsError } from '@banyan/errors'
import type { CheckedCommands, CheckedEvents, CheckedQueries } from './check-types.js'
import type { AnyContract, Contract } from './contract-types.js'
import type { CommandsOptions, EventsOptions, QueriesOptions } from './options.js'
import { readContract } from './read.js'
import type { ResolvedEvents, ResolvedOperations } from './resolve-types.js'

/** What is written in a contract. */
export interface ContractOptions<Name extends string, Commands, Queries, Events> {
  /** Unique in an app: letters and digits, beginning with a small letter, at most 40. */
  readonly name: Name
  /** Semantic version, `major.minor.patch`. */
  readonly version: string
  /** The team or person who answers for the module. */
  readonly owner?: string
  readonly summary?: string
  /** Operations that may change state. */
  readonly commands?: CheckedCommands<Commands>
  /** Operations that change nothing. */
  readonly queries?: CheckedQueries<Queries>
  /** Facts that the module publishes about its own state. */
  readonly events?: CheckedEvents<Events>
}

/**
 * Makes a contract: what a module promises to others. It holds no behaviour and is portable, so anyone may import it.
 * @throws `invalid-contract` with every problem of the definition at once
 */
export function contract<
  const Name extends string,
  // biome-ignore lint/complexity/noBannedTypes: no members; an alias would be printed in its place
  const Commands extends CommandsOptions = {},
  // biome-ignore lint/complexity/noBannedTypes: no members; an alias would be printed in its place
  const Queries extends QueriesOptions = {},
  // biome-ignore lint/complexity/noBannedTypes: no members; an alias would be printed in its place
  const Events extends EventsOptions = {},
>(
  options: ContractOptions<Name, Commands, Queries, Events>,
): Contract<Name, ResolvedOperations<Commands>, ResolvedOperations<Queries>, ResolvedEvents<Events>>
export function contract(
  options: ContractOptions<string, CommandsOptions, QueriesOptions, EventsOptions>,
): AnyContract {
  const { contract: made, problems } = readContract(options)
  if (problems.length > 0) throw problemsError('invalid-contract', { name: String(options.name) }, problems)
  return made
}

import type { Ambient } from '@banyan/ambient'
import type { AnyContract, Checked, Codec, OperationDefinition } from '@banyan/contract'
import { type Problem, problemsError } from '@banyan/errors'
import { type AnyModule, parseDuration } from '@banyan/module'
import type { Placement } from '../call/envelope.js'
import { type ContextExtension, createContextFactory } from '../dispatch/context.js'
import type { FrameHost } from '../dispatch/frame.js'
import type { Handler, HostedModule, HostedOperation, OperationCounts } from '../dispatch/hosted-module.js'
import { Limiter } from '../dispatch/limiter.js'
import type { Logger } from '../logging/logger.js'
import type { ModuleStore } from '../ports/store.js'
import { retentionOf } from './plans.js'

export interface HostOptions {
  readonly ambient: Ambient
  readonly logger: Logger
  readonly placement: Placement
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly store: (module: string) => ModuleStore
  readonly strict: boolean
  /** Where a module says nothing. Default 7 days. */
  readonly inboxRetentionMs?: number | undefined
}

const defaults = { concurrency: 64, queue: 512, inboxRetentionMs: 7 * 24 * 3_600_000 }

/** How long a call may take, where neither module nor caller says anything. */
export const defaultTimeoutMs = 30_000

/** How long calls of the module may take, where the caller sets no limit. */
export function timeoutOf({ limits }: AnyModule): number {
  return limits?.deadline === undefined ? defaultTimeoutMs : parseDuration(limits.deadline)
}

/**
 * Prepares the modules for this process: handlers by operation, limits, and the config of each from the environment.
 * @throws `invalid-config` with the problems of all modules together
 */
export function hostModules(modules: readonly AnyModule[], options: HostOptions): Map<string, HostedModule> {
  const problems: Problem[] = []
  const hosted = new Map<string, HostedModule>()
  for (const module of modules) {
    const config = readConfig(module, options.environment, problems)
    hosted.set(module.contract.name, hostModule(module, config, options))
  }
  if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
  return hosted
}

/** Every problem that the modules have with the environment, without starting anything. */
export function checkEnvironment(modules: readonly AnyModule[], environment: HostOptions['environment']): Problem[] {
  const problems: Problem[] = []
  for (const module of modules) readConfig(module, environment, problems)
  return problems
}

function hostModule(module: AnyModule, config: unknown, options: HostOptions): HostedModule {
  const { contract } = module
  const { name } = contract
  const warned = new Set<string>()
  const host: FrameHost = {
    module: name,
    contract,
    callable: new Map<string, AnyContract>([...Object.values(module.uses), contract].map((used) => [used.name, used])),
    ambient: options.ambient,
    placement: options.placement,
    logger: options.logger,
    config,
    streams: () => options.store(name).streams,
    warnOnce(key, message) {
      // Bounded by the number of operations and their calls.
      if (warned.has(key)) return
      warned.add(key)
      options.logger.warn({ module: name }, message)
    },
  }
  const { concurrency, queue } = module.limits ?? {}
  return {
    name,
    contract,
    operations: operationsOf(module),
    on: handlersOf(module),
    routes: new Map(Object.entries(module.routes).map(([route, { handler }]) => [route, hostRoute(contract, handler)])),
    host,
    limiter: new Limiter(`module ${name}`, concurrency ?? defaults.concurrency, queue ?? defaults.queue),
    timeoutMs: timeoutOf(module),
    inboxRetentionMs: retentionOf(module, { inboxMs: options.inboxRetentionMs }).inboxMs ?? defaults.inboxRetentionMs,
    reading: { begun: false, query: (statement) => options.store(name).reader.query(statement) },
    store: () => options.store(name),
    context: createContextFactory(host, module.context as ContextExtension | undefined),
    strict: options.strict,
  }
}

function operationsOf(module: AnyModule): Map<string, HostedOperation> {
  const operations = new Map<string, HostedOperation>()
  for (const [definitions, handlers] of [
    [module.contract.commands, module.commands],
    [module.contract.queries, module.queries],
  ] as const)
    for (const [name, definition] of Object.entries(definitions))
      operations.set(name, hostOperation(definition, handlers[name] as Handler))
  return operations
}

function hostOperation(definition: OperationDefinition, handler: Handler): HostedOperation {
  // Codecs are made at their first use; asking the definition each time would cost as much as a small check.
  let input: Codec | undefined
  let output: Codec | undefined
  const inputCodec = (): Codec => {
    input ??= definition.inputCodec
    return input
  }
  const outputCodec = (): Codec => {
    output ??= definition.outputCodec
    return output
  }
  return {
    kind: definition.kind,
    raw: false,
    errors: definition.errors,
    handler,
    counts: newCounts(),
    checkInput: (value) => (input ?? inputCodec()).check(value),
    decodeInput: (value) => (input ?? inputCodec()).decode(value),
    checkOutput: (value) => (output ?? outputCodec()).check(value),
    inputBound: (value) => (input ?? inputCodec()).jsonBytesBound(value),
    outputBound: (value) => (output ?? outputCodec()).jsonBytesBound(value),
  }
}

const newCounts = (): OperationCounts => ({ ok: 0, failed: new Map(), timed: 0, sumMs: 0 })

// A raw route takes a Request and gives a Response: neither crosses to another module, so neither is checked.
const raw = (value: unknown): Checked => ({ ok: true, value })
const unbounded = (): number => Number.POSITIVE_INFINITY

function hostRoute(contract: AnyContract, handler: Handler): HostedOperation {
  return {
    kind: 'command',
    raw: true,
    errors: contract.errors,
    handler,
    counts: newCounts(),
    checkInput: raw,
    decodeInput: raw,
    checkOutput: raw,
    inputBound: unbounded,
    outputBound: unbounded,
  }
}

function handlersOf(module: AnyModule): Map<string, Map<string, { source: AnyContract; handler: Handler }>> {
  const sources = new Map<string, AnyContract>(
    [...Object.values(module.uses), ...Object.values(module.listens), module.contract].map((source) => [
      source.name,
      source,
    ]),
  )
  const on = new Map<string, Map<string, { source: AnyContract; handler: Handler }>>()
  for (const [name, handlers] of Object.entries(module.on)) {
    const source = sources.get(name)
    if (source) on.set(name, new Map(Object.entries(handlers).map(([type, handler]) => [type, { source, handler }])))
  }
  return on
}

function readConfig(module: AnyModule, environment: HostOptions['environment'], problems: Problem[]): unknown {
  if (module.config === undefined) return {}
  const result = module.config['~standard'].validate({ ...environment })
  const who = `module ${module.contract.name}`
  if (result instanceof Promise) {
    problems.push({
      who,
      where: 'config',
      what: 'the schema of the config answers asynchronously',
      remedy: 'use a schema without async refinements',
    })
    return {}
  }
  for (const issue of result.issues ?? []) {
    const where = (issue.path ?? [])
      .map((part) => (typeof part === 'object' ? String(part.key) : String(part)))
      .join('.')
    // The value is not repeated: it may be a secret.
    problems.push({
      who,
      where: `config ${where}`,
      what: environment[where] === undefined ? 'is not set' : issue.message,
      remedy: `set the environment variable ${where}`,
    })
  }
  return 'value' in result ? Object.freeze({ ...(result.value as object) }) : {}
}

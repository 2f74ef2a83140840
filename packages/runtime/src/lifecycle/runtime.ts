import { resolve } from 'node:path'
import type { Ambient } from '@banyan/ambient'
import type { AnyContract } from '@banyan/contract'
import { banyanError, type Problem, problemsError } from '@banyan/errors'
import { type AnyModule, type App, checkWiring, modulesOf } from '@banyan/module'
import type { Cancellation, Envelope, Outcome, Placement } from '../call/envelope.js'
import { Scope } from '../call/scope.js'
import { createDelivery, type Delivery, type DeliveryStatus } from '../delivery/delivery.js'
import { type DeliverySettings, defaultDeliveryLimits, type LaneSharing } from '../delivery/options.js'
import { type CollectContext, type Collected, collectEvents } from '../dispatch/collect.js'
import { Dispatcher } from '../dispatch/dispatcher.js'
import type { HostedModule } from '../dispatch/hosted-module.js'
import { dispatchMetrics } from '../dispatch/metrics.js'
import { asOutcome, failed, rebuilt } from '../dispatch/outcome.js'
import { ModuleEvents } from '../dispatch/run-event.js'
import type { Logger } from '../logging/logger.js'
import type { Elsewhere } from '../ports/elsewhere.js'
import type { SourceLog } from '../ports/source-log.js'
import type { Store } from '../ports/store.js'
import { externalEnvelope, refuseId, withinScope } from './external.js'
import { defaultTimeoutMs, hostModules, timeoutOf } from './host-modules.js'
import { retentionOf, subscriptionPlans } from './plans.js'
import type {
  ExternalCall,
  HealthReport,
  MeasuredPlacement,
  Metric,
  ModuleHealth,
  ModuleState,
  Runtime,
  SettledReport,
} from './types.js'

export interface RuntimeOptions extends LaneSharing {
  readonly app: App
  readonly store: Store
  readonly ambient: Ambient
  readonly logger: Logger
  /** Where the config of modules is read from; usually `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where relative migration folders begin. */
  readonly baseFolder: string
  /** A statement or call left without await fails the command: on in development and tests. Default true. */
  readonly strict?: boolean
  /** Whether events and durable jobs are worked on here: `calls` for scripts and serverless. Default `all`. */
  readonly work?: 'all' | 'calls'
  readonly delivery?: DeliverySettings
  /** Modules that run in this process. Default: all of the app. Of the others the contracts are known, and no code runs. */
  readonly hosts?: readonly string[]
  /** The processes that run the other modules; needed where `hosts` leaves any out. */
  readonly elsewhere?: Elsewhere
  /**
   * What delivers the calls of this process, made over what delivers to the modules here. Default: that itself. What it
   * counts is told among the metrics of the runtime.
   */
  readonly placement?: (here: Placement) => MeasuredPlacement
}

const stopDeadlineMs = 10_000

/**
 * Makes the runtime of an app in this process. Nothing is opened before `start`.
 * @throws `invalid-app` or `invalid-config` with all problems together
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  const problems = [...checkWiring(options.app), ...hostProblems(options)]
  if (problems.length > 0) throw problemsError('invalid-app', { name: options.app.name }, problems)
  return new LocalRuntime(options)
}

/**
 * Owns the order of starting and stopping. The store owns connections, the delivery owns feeds, the dispatcher runs.
 *
 * I1 Ready only between a finished start and the beginning of a stop.
 * I2 A stop refuses new work first, lets work under way end, and closes the store last, so nothing acknowledged is lost.
 */
class LocalRuntime implements Runtime {
  readonly app: string
  readonly contracts: ReadonlyMap<string, AnyContract>
  readonly #options: RuntimeOptions
  /** Those of this process. */
  readonly #modules: readonly AnyModule[]
  readonly #hosted: Map<string, HostedModule>
  readonly #dispatcher: Dispatcher
  readonly #placement: MeasuredPlacement
  /** How long calls of each module of the app may take, where the caller sets no limit. */
  readonly #timeouts: ReadonlyMap<string, number>
  readonly #delivery: Delivery
  /** Of all calls from outside and of jobs that run now. */
  readonly #calls: Scope
  #state: ModuleState = 'stopped'
  #stopping: Promise<void> | undefined

  constructor(options: RuntimeOptions) {
    this.#options = options
    this.#calls = new Scope(options.ambient, undefined)
    this.app = options.app.name
    const all = modulesOf(options.app)
    const { hosts } = options
    this.#modules = hosts === undefined ? all : all.filter(({ name }) => hosts.includes(name))
    this.contracts = new Map(all.map(({ contract }) => [contract.name, contract]))
    this.#timeouts = new Map(all.map((module) => [module.name, timeoutOf(module)]))
    const hosted = new Map<string, HostedModule>()
    this.#hosted = hosted
    this.#dispatcher = new Dispatcher({
      modules: hosted,
      committed: (...commit) => this.#delivery.committed(...commit),
      pressure: (module) => this.#delivery.pressure(module),
      ambient: options.ambient,
    })
    this.#placement = options.placement?.(this.#dispatcher) ?? this.#dispatcher
    for (const [name, module] of hostModules(this.#modules, {
      ambient: options.ambient,
      logger: options.logger,
      placement: this.#placement,
      environment: options.environment,
      store: (module) => options.store.module(module),
      strict: options.strict ?? true,
      inboxRetentionMs: options.delivery?.retention?.inboxMs,
    }))
      hosted.set(name, module)
    this.#delivery = this.#createDelivery()
  }

  #createDelivery(): Delivery {
    const { ambient, store, logger, app, delivery = {}, share, onShareChange } = this.#options
    const limits = { ...defaultDeliveryLimits, ...delivery.limits }
    return createDelivery({
      limits,
      app: app.name,
      ambient,
      store,
      logger,
      plans: this.#modules.flatMap((module) => subscriptionPlans(module, delivery.attempts)),
      hosted: [...this.#hosted.keys()],
      events: new ModuleEvents(this.#hosted, ambient),
      jobs: {
        call: (envelope, signal) =>
          withinScope(
            ambient,
            this.#calls,
            {
              // The runner of jobs gives up then, so no handler is told that it has longer (P7).
              timeoutMs: Math.min(this.#timeoutOf(envelope.module), limits.jobMs),
              signal,
              operation: `${envelope.module}.${envelope.operation}`,
            },
            (scope) => this.#placement.deliver(envelope, scope, asOutcome),
          ),
      },
      source: (module) =>
        this.#hosted.has(module) ? store.module(module).log : (this.#options.elsewhere as Elsewhere).source(module),
      ...(share === undefined ? {} : { share }),
      ...(onShareChange === undefined ? {} : { onShareChange }),
      stream: (module) => this.#options.elsewhere?.stream?.(module),
      retention: Object.fromEntries(
        this.#modules.map((module) => [module.contract.name, retentionOf(module, delivery.retention)]),
      ),
    })
  }

  async start(): Promise<void> {
    if (this.#state !== 'stopped') return
    this.#state = 'starting'
    const { store, baseFolder, work = 'all' } = this.#options
    await store.open(
      this.#modules.map(({ contract, migrations }) => ({
        name: contract.name,
        ...(migrations === undefined ? {} : { migrations: resolve(baseFolder, migrations) }),
      })),
    )
    if (work === 'all') await this.#delivery.start()
    this.#state = 'running'
  }

  stop(deadlineMs = stopDeadlineMs): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs)
    return this.#stopping
  }

  /** I2 */
  async #stop(deadlineMs: number): Promise<void> {
    const { ambient, store } = this.#options
    const until = ambient.monotonic() + deadlineMs
    const left = (): number => Math.max(0, until - ambient.monotonic())
    this.#state = 'stopping'
    this.#dispatcher.accepting = false
    await Promise.all([this.#delivery.stop(left()), withDeadline(ambient, this.#dispatcher.idle(), left())])
    this.#calls.cancelChildren('cancelled')
    await store.close(left())
    this.#state = 'stopped'
  }

  #timeoutOf(module: string): number {
    return this.#timeouts.get(module) ?? defaultTimeoutMs
  }

  execute(call: ExternalCall): Promise<Outcome> {
    const operation = `${call.module}.${call.operation}`
    if (this.#state !== 'running')
      return Promise.resolve(failed(banyanError('unavailable', { what: `${this.app} (${this.#state})` })))
    const contract = this.contracts.get(call.module)
    if (!contract) return Promise.resolve(failed(banyanError('unknown-module', { module: call.module })))
    const kind = (contract.commands[call.operation] ?? contract.queries[call.operation])?.kind
    if (!kind)
      return Promise.resolve(
        failed(banyanError('unknown-operation', { module: call.module, operation: call.operation })),
      )
    const refused = refuseId(call)
    if (refused) return Promise.resolve(failed(refused))
    const envelope = externalEnvelope(this.#options.ambient, kind, call)
    return withinScope(
      this.#options.ambient,
      this.#calls,
      { timeoutMs: call.timeoutMs ?? this.#timeoutOf(call.module), signal: call.signal, operation },
      (scope) => this.#placement.deliver(envelope, scope, asOutcome),
    )
  }

  accept(
    envelope: Envelope,
    options: { readonly timeoutMs: number; readonly signal?: Cancellation },
  ): Promise<Outcome> {
    const operation = `${envelope.module}.${envelope.operation}`
    // While stopping, what has been taken from the broker is still run: nobody else will get it.
    if (this.#state !== 'running' && this.#state !== 'stopping')
      return Promise.resolve(failed(banyanError('unavailable', { what: `${this.app} (${this.#state})` })))
    return withinScope(this.#options.ambient, this.#calls, { ...options, operation }, (scope) =>
      this.#dispatcher.deliver(envelope, scope, asOutcome),
    )
  }

  log(module: string): SourceLog {
    if (!this.#hosted.has(module)) throw banyanError('unknown-module', { module })
    return this.#options.store.module(module).log
  }

  async route(
    module: string,
    route: string,
    request: Request,
    options: Omit<ExternalCall, 'module' | 'operation' | 'input' | 'id'> = {},
  ): Promise<Response> {
    const hosted = this.#hosted.get(module)
    const { elsewhere } = this.#options
    if (!hosted && elsewhere && this.contracts.has(module)) return elsewhere.route(module, route, request, options)
    const operation = hosted?.routes.get(route)
    if (!hosted || !operation) throw banyanError('not-found', { what: `route ${route} of ${module}` })
    if (this.#state !== 'running') throw banyanError('unavailable', { what: `${this.app} (${this.#state})` })
    const envelope = externalEnvelope(this.#options.ambient, 'command', {
      ...options,
      module,
      operation: route,
      input: request,
    })
    const outcome = await withinScope(
      this.#options.ambient,
      this.#calls,
      { timeoutMs: options.timeoutMs ?? hosted.timeoutMs, signal: options.signal, operation: `${module} ${route}` },
      (scope) => this.#dispatcher.run(hosted, operation, envelope, scope, asOutcome),
    )
    if (!outcome.ok) throw rebuilt(outcome.error)
    if (!(outcome.value instanceof Response))
      throw banyanError('internal', { module, reference: `${route} gave no Response` })
    return outcome.value
  }

  async collect<Value>(
    travel: Omit<ExternalCall, 'operation' | 'input' | 'timeoutMs' | 'signal'>,
    work: (context: CollectContext) => Value | Promise<Value>,
  ): Promise<Collected<Value>> {
    const { ambient } = this.#options
    const hosted = this.#hosted.get(travel.module)
    if (!hosted) throw banyanError('unknown-module', { module: travel.module })
    if (this.#state !== 'running') throw banyanError('unavailable', { what: `${this.app} (${this.#state})` })
    const retryAfterMs = this.#delivery.pressure(travel.module)
    if (retryAfterMs !== undefined)
      throw banyanError(
        'overloaded',
        { what: `the subscribers of ${travel.module}`, retryAfterMs },
        { details: { retryAfterMs } },
      )
    const envelope = externalEnvelope(ambient, 'command', { ...travel, operation: 'unitOfWork', input: undefined })
    return collectEvents(hosted, envelope, new Scope(ambient, undefined), work)
  }

  appended(module: string): void {
    this.#delivery.appended(module)
  }

  health(): HealthReport {
    const status = this.#delivery.status()
    return {
      state: this.#state,
      ready: this.#state === 'running',
      modules: [...this.#hosted.values()].map((module) => ({
        module: module.name,
        version: module.contract.version,
        running: module.limiter.running,
        queued: module.limiter.queued,
        limit: module.limiter.limit,
        subscriptions: status.get(module.name)?.subscriptions ?? [],
        deadLetters: status.get(module.name)?.deadLetters ?? 0,
        jobs: { running: status.get(module.name)?.jobsRunning ?? 0 },
        ...relayOf(status.get(module.name)),
      })),
      edges: this.#placement.edges?.() ?? [],
    }
  }

  async check(): Promise<void> {
    // I1
    if (this.#state !== 'running') throw banyanError('unavailable', { what: `${this.app} (${this.#state})` })
    await this.#options.store.check()
  }

  metrics(): readonly Metric[] {
    const counted = this.#placement.metrics?.() ?? []
    return [...dispatchMetrics(this.#hosted.values()), ...this.#delivery.metrics(), ...counted]
  }

  settled(timeoutMs?: number): Promise<SettledReport> {
    return this.#delivery.settled(timeoutMs)
  }
}

function relayOf(status: DeliveryStatus | undefined): Pick<ModuleHealth, 'relay'> {
  return status?.relay ? { relay: status.relay } : {}
}

function hostProblems({ app, hosts, elsewhere }: RuntimeOptions): Problem[] {
  const names = modulesOf(app).map(({ name }) => name)
  const who = `app ${app.name}`
  const problems: Problem[] = (hosts ?? [])
    .filter((name) => !names.includes(name))
    .map((name) => ({
      who,
      where: 'hosts',
      what: `the app has no module '${name}'`,
      allowed: names.join(', '),
      remedy: 'Correct the name of the module.',
    }))
  if (hosts && !elsewhere && names.some((name) => !hosts.includes(name)))
    problems.push({
      who,
      where: 'hosts',
      what: 'leaves out modules, and nothing tells how to reach them',
      remedy: 'Start the process as a service of the topology.',
    })
  return problems
}

function withDeadline(ambient: Ambient, work: Promise<void>, deadlineMs: number): Promise<void> {
  return new Promise((done) => {
    const cancel = ambient.after(deadlineMs, done)
    void work.finally(() => {
      cancel()
      done()
    })
  })
}

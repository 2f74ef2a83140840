import { resolve } from 'node:path'
import type { Ambient } from '@banyan/ambient'
import type { AnyContract } from '@banyan/contract'
import { banyanError, problemsError } from '@banyan/errors'
import { type AnyModule, type App, checkWiring, modulesOf } from '@banyan/module'
import type { Outcome } from '../call/envelope.js'
import { Scope } from '../call/scope.js'
import { createDelivery, type Delivery } from '../delivery/delivery.js'
import { type DeliverySettings, defaultDeliveryLimits } from '../delivery/options.js'
import { type CollectContext, type Collected, collectEvents } from '../dispatch/collect.js'
import { Dispatcher } from '../dispatch/dispatcher.js'
import type { HostedModule } from '../dispatch/hosted-module.js'
import { dispatchMetrics } from '../dispatch/metrics.js'
import { asOutcome, failed, rebuilt } from '../dispatch/outcome.js'
import { ModuleEvents } from '../dispatch/run-event.js'
import type { Logger } from '../logging/logger.js'
import type { Store } from '../ports/store.js'
import { externalEnvelope, refuseId, withinScope } from './external.js'
import { hostModules } from './host-modules.js'
import { retentionOf, subscriptionPlans } from './plans.js'
import type { ExternalCall, HealthReport, Metric, ModuleState, Runtime, SettledReport } from './types.js'

export interface RuntimeOptions {
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
}

const stopDeadlineMs = 10_000

/**
 * Makes the runtime of an app in this process. Nothing is opened before `start`.
 * @throws `invalid-app` or `invalid-config` with all problems together
 */
export function createRuntime(options: RuntimeOptions): Runtime {
  const problems = checkWiring(options.app)
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
  readonly #modules: readonly AnyModule[]
  readonly #hosted: Map<string, HostedModule>
  readonly #dispatcher: Dispatcher
  readonly #delivery: Delivery
  /** Calls from outside and of jobs that run now. */
  readonly #open = new Set<Scope>()
  #state: ModuleState = 'stopped'
  #stopping: Promise<void> | undefined

  constructor(options: RuntimeOptions) {
    this.#options = options
    this.app = options.app.name
    this.#modules = modulesOf(options.app)
    this.contracts = new Map(this.#modules.map(({ contract }) => [contract.name, contract]))
    const hosted = new Map<string, HostedModule>()
    this.#hosted = hosted
    this.#dispatcher = new Dispatcher({
      modules: hosted,
      committed: (...commit) => this.#delivery.committed(...commit),
      pressure: (module) => this.#delivery.pressure(module),
      ambient: options.ambient,
    })
    for (const [name, module] of hostModules(this.#modules, {
      ambient: options.ambient,
      logger: options.logger,
      placement: this.#dispatcher,
      environment: options.environment,
      store: (module) => options.store.module(module),
      strict: options.strict ?? true,
      inboxRetentionMs: options.delivery?.retention?.inboxMs,
    }))
      hosted.set(name, module)
    this.#delivery = this.#createDelivery()
  }

  #createDelivery(): Delivery {
    const { ambient, store, logger, app, delivery = {} } = this.#options
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
            this.#open,
            {
              // The runner of jobs gives up then, so no handler is told that it has longer (P7).
              timeoutMs: Math.min(this.#timeoutOf(envelope.module), limits.jobMs),
              signal,
              operation: `${envelope.module}.${envelope.operation}`,
            },
            (scope) => this.#dispatcher.deliver(envelope, scope, asOutcome),
          ),
      },
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
    for (const scope of this.#open) scope.end('cancelled')
    await store.close(left())
    this.#state = 'stopped'
  }

  #timeoutOf(module: string): number {
    return this.#hosted.get(module)?.timeoutMs ?? 30_000
  }

  execute(call: ExternalCall): Promise<Outcome> {
    const operation = `${call.module}.${call.operation}`
    if (this.#state !== 'running')
      return Promise.resolve(failed(banyanError('unavailable', { what: `${this.app} (${this.#state})` })))
    const hosted = this.#hosted.get(call.module)
    if (!hosted) return Promise.resolve(failed(banyanError('unknown-module', { module: call.module })))
    const kind = hosted.operations.get(call.operation)?.kind
    if (!kind)
      return Promise.resolve(
        failed(banyanError('unknown-operation', { module: call.module, operation: call.operation })),
      )
    const refused = refuseId(call)
    if (refused) return Promise.resolve(failed(refused))
    const envelope = externalEnvelope(this.#options.ambient, kind, call)
    return withinScope(
      this.#options.ambient,
      this.#open,
      { timeoutMs: call.timeoutMs ?? hosted.timeoutMs, signal: call.signal, operation },
      (scope) => this.#dispatcher.deliver(envelope, scope, asOutcome),
    )
  }

  async route(
    module: string,
    route: string,
    request: Request,
    options: Omit<ExternalCall, 'module' | 'operation' | 'input' | 'id'> = {},
  ): Promise<Response> {
    const hosted = this.#hosted.get(module)
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
      this.#open,
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
      })),
    }
  }

  async check(): Promise<void> {
    // I1
    if (this.#state !== 'running') throw banyanError('unavailable', { what: `${this.app} (${this.#state})` })
    await this.#options.store.check()
  }

  metrics(): readonly Metric[] {
    return [...dispatchMetrics(this.#hosted.values()), ...this.#delivery.metrics()]
  }

  settled(timeoutMs?: number): Promise<SettledReport> {
    return this.#delivery.settled(timeoutMs)
  }
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

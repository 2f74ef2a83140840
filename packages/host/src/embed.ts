/**
 * An app inside a process that exists already. The host owns the process: it listens, it handles signals, it decides
 * when to stop. This owns the app of one name in the process.
 *
 * I1 One app of a name runs at a time, also when the host's code is loaded again: the next one starts when the one before
 *    has stopped.
 * I2 Nothing is opened before the first use; a start that failed is tried again by the next use. An app whose database is gone
 *    for good is stopped, and started again by the next use.
 * I3 What was made by an earlier loading of the host's code leads to the app of the latest.
 */

import type { AnyContract, ContractShape } from '@banyan/contract'
import { type BanyanError, type Problem, problemsError } from '@banyan/errors'
import { createPlugin, type FetchHandler, type Gateway, type GatewayOptions, type NodeHandler } from '@banyan/gateway'
import type { App, Emits, Identity, Laters, ModuleCaller } from '@banyan/module'
import { type CallDefaults, createCaller, type Logger } from '@banyan/runtime'
import type { ConnectionOptions, HostClient } from '@banyan/store-postgres'
import type { RunningApp } from './composition.js'
import { checkConfig } from './config/check.js'
import type { Config } from './config/define.js'
import { differentOptions } from './embedded/different-options.js'
import { publishInside } from './embedded/publish-inside.js'
import { startApp } from './start.js'

export interface EmbedOptions<Names extends string = string> {
  /**
   * `all`: this process also handles events and durable jobs. `calls`: it only makes calls, for serverless functions and
   * scripts; another process handles the events.
   */
  readonly work: 'all' | 'calls'
  /** As in `banyan.config.ts`, without the app. */
  readonly config?: Omit<Config<Names>, 'app' | 'services'>
  /** Where relative paths begin: migrations, the data of the embedded database. Default: the working folder. */
  readonly folder?: string
  /** The database. Default: DATABASE_URL of the environment, else an embedded one. */
  readonly connection?: ConnectionOptions
  /** Default: `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Who sends a request. Default: nobody is known, so that only operations with `access: 'public'` answer. */
  readonly identify?: GatewayOptions['identify']
  /** Default: structured lines on standard output, from level `warn` on unless LOG_LEVEL or the config says otherwise. */
  readonly logger?: Logger
}

/** What may be said about one call from the host, beside who calls. */
export type EmbeddedCallOptions = Omit<CallDefaults, 'identity'>

/** What a host's own transaction publishes through. */
export interface HostUnitContext<C extends ContractShape> {
  /** Publishes an event of the module when the host's transaction commits. */
  readonly emit: Emits<C>
  /** Durable calls of the module's own commands, there if and only if the host's transaction commits. */
  readonly later: Laters<C, Record<never, never>>
  readonly newId: () => string
  readonly now: () => Date
}

/** An app inside an existing process. Everything starts it when it is first needed. */
export interface Embedded extends AsyncDisposable {
  /** For Express, Connect and node:http: `app.use('/api', banyan.middleware)`. What fits no route goes to `next`. */
  readonly middleware: NodeHandler
  /** For Fastify: `await fastify.register(banyan.fastify, { prefix: '/api' })`. */
  readonly fastify: Gateway['plugin']
  /** For web-standard hosts such as Next and Hono: `banyan.fetch(request, { prefix: '/api' })`. */
  readonly fetch: FetchHandler
  /** Typed calls: `await banyan.call(orders, identity).place({ … })`, or `.result()` for declared errors as values. */
  call<C extends ContractShape>(contract: C, identity?: Identity, options?: EmbeddedCallOptions): ModuleCaller<C>
  /**
   * Publishes events of a module, and asks for durable calls of it, inside the host's own transaction, on the host's own
   * client of `pg`: they are there if and only if that transaction commits. The client has a transaction open, in the app's database, as its owner (the
   * user of DATABASE_URL). Events are appended when `work` has ended; from then on their lanes are locked, so commit next.
   * @returns what `work` returned
   * @throws `no-transaction`, `other-database`, `unknown-module`, `invalid-output` for data that does not match the contract
   */
  unitOfWork<C extends ContractShape, Value>(
    contract: C,
    client: HostClient,
    work: (context: HostUnitContext<C>) => Value | Promise<Value>,
    options?: Omit<EmbeddedCallOptions, 'timeoutMs' | 'signal'> & { readonly identity?: Identity },
  ): Promise<Value>
  /** Starts now, so that the first use need not wait, and tells what stands against it. Idempotent. */
  start(): Promise<void>
  /**
   * Lets work under way end, then closes everything. A later use starts again. Idempotent. The app stops by itself when the
   * embedded database ended again and again and cannot be started any more.
   */
  stop(): Promise<void>
  /** Resolves when every event is handled or parked for later, and no job is due. For tests and scripts. */
  settled(timeoutMs?: number): Promise<void>
}

/**
 * Puts an app inside a process that exists already. Opens nothing yet, and handles no signal. A second `embed` of the same app
 * with the same options is the first one's, with others it is refused, since only one of them could be meant; of a new app of
 * the same name, as after a hot reload, it takes the first one's place.
 * @throws `invalid-config` with all problems together
 */
export function embed<Names extends string>(app: App<Names>, options: EmbedOptions<Names>): Embedded {
  const { config = {} } = options
  const problems = checkConfig(`embed(${app.name})`, { app: app.name, ...config })
  if (options.work !== 'all' && options.work !== 'calls')
    problems.push({
      who: `embed(${app.name})`,
      where: 'work',
      what: 'has a value that is not allowed',
      allowed: "'all' or 'calls'",
      remedy: "write work: 'all', or 'calls' for serverless functions and scripts",
    })
  if (problems.length > 0) throw problemsError('invalid-config', {}, problems)
  const holder = globalThis as unknown as Record<symbol, Slot | undefined>
  const key = Symbol.for(`banyan.embedded.${app.name}`)
  const slot = holder[key]
  if (slot?.current.app === app) {
    const different = differentOptions(slot.current.options, options)
    if (different.length > 0) throw problemsError('invalid-config', {}, different.map(embeddedTwice(app.name)))
    return frontOf(slot)
  }
  const made: Slot = slot ?? { current: new EmbeddedApp(app, options, undefined) }
  if (slot) slot.current = new EmbeddedApp(app, options, slot.current)
  holder[key] = made
  return frontOf(made)
}

function embeddedTwice(name: string) {
  return (option: string): Problem => ({
    who: `embed(${name})`,
    where: option,
    what: 'is not what it is in the first embed of this app, which is the one that runs',
    allowed: 'the options of the first embed',
    remedy: 'embed in one file and import what it gives, or define an app of another name',
  })
}

/** Outlives a reload of the host's code (I3). */
interface Slot {
  current: EmbeddedApp
}

function frontOf(slot: Slot): Embedded {
  const middleware: NodeHandler = (request, response, next) => {
    const { running } = slot.current
    if (running?.gateway) return running.gateway.handler(request, response, next)
    slot.current
      .started()
      .then(({ gateway }) => gateway?.handler(request, response, next), next ?? (() => response.destroy()))
  }
  return {
    middleware,
    fastify: createPlugin(middleware),
    async fetch(request, options) {
      const { gateway } = await slot.current.started()
      return (gateway as Gateway).fetch(request, options)
    },
    call<C extends ContractShape>(contract: C, identity?: Identity, options: EmbeddedCallOptions = {}) {
      const runtime = {
        execute: async (call: Parameters<RunningApp['runtime']['execute']>[0]) =>
          (await slot.current.started()).runtime.execute(call),
      }
      const defaults = identity === undefined ? options : { ...options, identity }
      return createCaller(runtime, contract as unknown as AnyContract, defaults) as ModuleCaller<C>
    },
    async unitOfWork(contract, client, work, options = {}) {
      return publishInside(await slot.current.started(), contract.name, client, work as never, options)
    },
    async start() {
      await slot.current.started()
    },
    stop: () => slot.current.stop(),
    async settled(timeoutMs) {
      await (await slot.current.started()).runtime.settled(timeoutMs)
    },
    [Symbol.asyncDispose]: () => slot.current.stop(),
  }
}

/** One loading of the app: what is running of it, and what it waits for. */
class EmbeddedApp {
  readonly app: App
  /** Set while it runs. */
  running: RunningApp | undefined
  readonly options: EmbedOptions
  #starting: Promise<RunningApp> | undefined
  /** What must have stopped before this starts (I1). */
  #before: Promise<void>
  readonly #replaced: EmbeddedApp | undefined

  constructor(app: App, options: EmbedOptions, replaced: EmbeddedApp | undefined) {
    this.app = app
    this.options = options
    this.#before = Promise.resolve()
    this.#replaced = replaced
  }

  started(): Promise<RunningApp> {
    if (this.#starting) return this.#starting
    const starting = this.#start()
    this.#starting = starting
    // A stop may have come meanwhile: then it is not this one's any more.
    starting.then(
      (running) => {
        if (this.#starting !== starting) return
        this.running = running
        void running.closed.then((lost) => lost && this.#lose(starting, running, lost))
      },
      () => {
        if (this.#starting === starting) this.#starting = undefined // I2
      },
    )
    return starting
  }

  async #start(): Promise<RunningApp> {
    await this.#before
    await this.#replaced?.stop()
    const { config, folder = process.cwd(), environment = process.env, work, ...rest } = this.options
    const loaded = {
      app: this.app,
      config: { log: { level: 'warn' }, ...config, app: this.app.name },
      folder,
      file: `embed(${this.app.name})`,
    }
    return startApp({ ...rest, loaded, environment, work, listen: false })
  }

  /** I2 */
  #lose(starting: Promise<RunningApp>, { logger }: RunningApp, lost: BanyanError): void {
    if (this.#starting !== starting) return
    logger.error({ err: lost }, 'the database is gone for good: the app is stopped, and started again by its next use')
    this.stop().catch((error) => logger.error({ err: error }, 'the app could not be stopped in order'))
  }

  stop(): Promise<void> {
    const starting = this.#starting
    if (!starting) return this.#before
    this.running = undefined
    this.#starting = undefined
    const stopped = this.#before.then(async () => {
      // Whoever started it was told why it could not be.
      const running = await starting.catch(() => undefined)
      await running?.stop()
    })
    // Whoever stopped it is told what failed; the next start only waits for the end of it.
    this.#before = stopped.catch(() => undefined)
    return stopped
  }
}

import { createAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import type { HealthReport, ModuleHealth, SqlExecutor } from '@banyan/runtime'
import { endAfter } from '../ending.js'
import type { ArmedPoint } from '../fault-points.js'
import type { InsideService } from './inside.js'
import type { DistantClock, TestedService } from './service.js'

const meetingMs = 20_000
const meetingPollMs = 2

/**
 * The services of an app under test, as many as its placement asks for. Owns how they begin, rest and end together; each
 * owns its processes.
 *
 * D1 Who has started has met all the others: a call that is made from then on finds its callee.
 * D2 They rest when all rest twice, and nothing was done anywhere from the first time to the second.
 */
export class Deployment {
  /** Makes the calls from outside, and has the gateway. It is one of the services. */
  readonly front: InsideService
  readonly services: readonly TestedService[]
  readonly clocks: readonly DistantClock[]
  readonly #byModule: ReadonlyMap<string, TestedService>
  readonly #tellers: readonly (() => Promise<void>)[]
  // Real time, whatever the test makes of time.
  readonly #real = createAmbient()

  constructor(front: InsideService, services: readonly TestedService[]) {
    this.front = front
    this.services = services
    this.clocks = services.flatMap(({ clock }) => clock ?? [])
    this.#byModule = new Map(services.flatMap((service) => service.modules.map((module) => [module, service] as const)))
    this.#tellers = services.flatMap((service) => (service.told ? [() => (service.told as () => Promise<void>)()] : []))
  }

  of(module: string): TestedService {
    return this.#byModule.get(module) ?? this.front
  }

  /** @throws what starting a service throws; all are stopped then */
  async start(timeoutMs: number): Promise<void> {
    const started = await Promise.allSettled(this.services.map((service) => service.start()))
    try {
      for (const one of started) if (one.status === 'rejected') throw one.reason
      await Promise.all(this.services.map((service) => this.meet(service)))
      // Who listens to another service begins when that one can be asked where its log ends.
      if (this.services.length > 1) await this.settled(timeoutMs)
    } catch (error) {
      await endAfter(error, () => this.stop(0))
    }
  }

  /** D1 */
  async meet(service: TestedService): Promise<void> {
    const others = this.services.filter((other) => other !== service)
    const until = this.#real.monotonic() + meetingMs
    while (!(await this.#haveMet(service, others))) {
      if (this.#real.monotonic() > until) throw banyanError('unavailable', { what: `the service ${service.name}` })
      await new Promise((done) => setTimeout(done, meetingPollMs))
    }
  }

  async #haveMet(service: TestedService, others: readonly TestedService[]): Promise<boolean> {
    const { instance } = service
    for (const other of others) {
      if (other.instance !== undefined && !(await service.meets(other.instance))) return false
      if (instance !== undefined && !(await other.meets(instance))) return false
    }
    return true
  }

  /** All run; rejects when the test has ended. */
  async ready(): Promise<void> {
    for (const service of this.services) await service.ready()
  }

  /** Resolves when a process crashes, whichever. Ask when all are ready. */
  crashing(): Promise<void> {
    return Promise.race(this.services.map((service) => service.crashing()))
  }

  sql(module: string): SqlExecutor {
    return { query: (statement) => this.of(module).query(module, statement) }
  }

  /** All that was committed up to now has been told. */
  async told(): Promise<void> {
    if (this.#tellers.length > 0) await Promise.all(this.#tellers.map((tell) => tell()))
  }

  /** @throws `deadline-exceeded` that lists what is not settled */
  async settled(timeoutMs: number): Promise<void> {
    // Each crash was armed by the test, so this ends.
    for (;;) {
      await this.ready()
      const resting = this.#rest(timeoutMs)
      // Of a look that a crash cut short nobody wants to hear.
      resting.catch(() => undefined)
      const end = await Promise.race([
        resting.then(() => 'rest' as const),
        this.crashing().then(() => 'crash' as const),
      ])
      if (end === 'rest') return this.told()
    }
  }

  /** D2 */
  async #rest(timeoutMs: number): Promise<void> {
    const until = this.#real.monotonic() + timeoutMs
    for (let before: string | undefined; ; ) {
      const leftMs = Math.max(0, until - this.#real.monotonic())
      const all = await Promise.all(this.services.map((service) => service.rest(leftMs)))
      const moves = all.join(' ')
      // A process by itself proves it by its own look.
      if (moves === before || all.length === 1) return
      if (leftMs === 0) throw banyanError('deadline-exceeded', { operation: 'settled (work keeps coming)' })
      before = moves
    }
  }

  arm(point: ArmedPoint): void {
    this.of(point.module).arm(point)
  }

  /** Of the modules in the order given. */
  health(modules: readonly string[]): HealthReport {
    const reports = this.services.map((service) => service.health())
    const known = reports.flatMap((report) => report ?? [])
    if (known.length === 0) throw banyanError('unavailable', { what: 'the app' })
    const all = new Map(known.flatMap((report) => report.modules.map((module) => [module.module, module] as const)))
    const worst = known.find(({ ready }) => !ready) ?? (known[0] as HealthReport)
    return {
      state: worst.state,
      ready: worst.ready && known.length === reports.length,
      modules: modules.flatMap((module): ModuleHealth[] => {
        const health = all.get(module)
        return health ? [health] : []
      }),
      edges: known.flatMap(({ edges }) => edges),
    }
  }

  /** Ends all, also when one of them cannot end in order. */
  async stop(deadlineMs: number): Promise<void> {
    const ended = await Promise.allSettled(this.services.map((service) => service.stop(deadlineMs)))
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  }
}

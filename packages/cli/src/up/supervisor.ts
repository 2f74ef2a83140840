import type { ChildProcess } from 'node:child_process'
import type { Ambient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import { defaultRestart, type RestartPolicy, restartDelay } from './backoff.js'
import { newReplica, type Replica, type ReplicaState, type ReplicaStatus, statusOf } from './replica.js'
import { ReplicaProcess } from './replica-process.js'

/** A service to keep running. */
export interface SupervisedService {
  readonly name: string
  readonly replicas: number
  /** Services that should be ready before this one is started, without circles. */
  readonly after: readonly string[]
  /** Makes a process of it, with a channel on which it says `{ ready: true }`. Throws where it cannot: a start that failed. */
  readonly spawn: (replica: number) => ChildProcess
}

export interface SupervisorOptions {
  /** Callees before callers. */
  readonly services: readonly SupervisedService[]
  readonly ambient: Ambient
  readonly restart?: RestartPolicy
  /** How long a process may take from SIGTERM to its end. Milliseconds. */
  readonly stopDeadlineMs: number
  /** How long a process may take to become ready. Milliseconds, default 120,000. */
  readonly startDeadlineMs?: number
  /** How long those that call a service wait for it at the start. Milliseconds, default 15,000. */
  readonly patienceMs?: number
  /** Told after each change of a replica. */
  readonly onChange?: (status: ReplicaStatus) => void
  /** Told which processes there are whenever that changes. */
  readonly onProcesses?: (pids: readonly number[]) => void
}

const mostReplicas = 64

/**
 * Owns the processes of the services on this machine.
 *
 * I1 Every process that was started is waited for; `stop` resolves when all have ended.
 * I2 A replica has one process, and during a replacement one more, which takes its place when it is ready.
 * I3 A process that ended by itself is started again, after a wait that is bounded, for as long as the supervisor runs.
 * I4 A start waits for other services only so long: services that call each other in a circle, and callers of a service that
 *    cannot start, start all the same.
 * I5 Of each service one replacement or change of number runs at a time.
 */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #replicas = new Map<string, Replica[]>()
  readonly #processes = new Set<ReplicaProcess>()
  readonly #busy = new Set<string>()
  /** Woken at each change. */
  readonly #waiting = new Set<() => void>()
  #stopping = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    for (const { name, replicas } of options.services)
      this.#replicas.set(
        name,
        Array.from({ length: replicas }, (_, index) => newReplica(name, index + 1)),
      )
  }

  /** Starts everything, callees before callers. Resolves when the last has been started; rejects never. */
  async start(): Promise<void> {
    const { services, patienceMs = 15_000 } = this.#options
    await Promise.all(
      services.map(async ({ name, after }) => {
        await this.#until(() => after.every((callee) => this.#isServed(callee)), patienceMs) // I4
        for (const replica of this.#replicasOf(name)) if (replica.state === 'waiting') this.#launch(replica)
      }),
    )
  }

  /** Resolves with true when every replica is ready, with false at the deadline or when the supervisor stops. */
  allReady(deadlineMs: number): Promise<boolean> {
    return this.#until(() => this.#all().every(({ state }) => state === 'ready'), deadlineMs)
  }

  status(): readonly ReplicaStatus[] {
    const now = this.#options.ambient.monotonic()
    return this.#all().map((replica) => statusOf(replica, now))
  }

  /**
   * Replaces the processes of a service one after the other: a new one is started and ready before the old one lets its work
   * end and goes. A replica whose new process does not become ready keeps its old one, and the rest is left alone.
   * @throws `unknown-service`, `service-busy`, `replacement-failed`
   */
  replace(service: string, onProgress: (line: string) => void = () => undefined): Promise<void> {
    return this.#exclusively(service, async () => {
      for (const replica of [...this.#replicasOf(service)]) await this.#replaceOne(replica, onProgress)
    })
  }

  /**
   * Runs so many processes of a service from now on; those beyond let their work end and go.
   * @throws `unknown-service`, `service-busy`, `unknown-command` for a number that is not allowed
   */
  scale(service: string, replicas: number): Promise<void> {
    return this.#exclusively(service, async () => {
      if (!Number.isInteger(replicas) || replicas < 1 || replicas > mostReplicas)
        throw banyanError('unknown-command', {
          summary: `a service has from 1 to ${mostReplicas} replicas, not ${replicas}`,
        })
      const all = this.#replicasOf(service)
      while (all.length < replicas) {
        const replica = newReplica(service, all.length + 1)
        all.push(replica)
        this.#launch(replica)
      }
      const leaving = all.splice(replicas)
      await Promise.all(leaving.map((replica) => this.#retire(replica)))
    })
  }

  /** Lets all work end, callers before callees, and waits until every process has gone (I1). Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#wake()
    const { services } = this.#options
    const ended = new Map<string, Promise<void>>()
    const end = (name: string): Promise<void> => {
      const known = ended.get(name)
      if (known) return known
      const callers = services.filter(({ after }) => after.includes(name))
      const made = Promise.all(callers.map((caller) => end(caller.name))).then(async () => {
        await Promise.all(this.#replicasOf(name).map((replica) => this.#retire(replica)))
      })
      ended.set(name, made)
      return made
    }
    await Promise.all(services.map(({ name }) => end(name)))
    // Those that a replacement was about to put in place, or had put out of it.
    await Promise.all([...this.#processes].map((process) => process.stop(this.#options.stopDeadlineMs)))
  }

  /** Ends every process at once. For a person who does not want to wait for `stop`, which resolves then. */
  kill(): void {
    this.#stopping = true
    for (const process of this.#processes) process.kill()
  }

  #launch(replica: Replica): void {
    if (this.#stopping || replica.retired) return
    const process = this.#spawn(replica)
    replica.current = process
    replica.again = undefined
    this.#become(replica, 'starting')
    const cancel = this.#options.ambient.after(this.#startDeadlineMs, () => {
      if (process.readyAt === undefined) process.kill()
    })
    void process.ready.then(() => {
      cancel()
      if (replica.current === process && replica.state === 'starting') this.#become(replica, 'ready')
    })
    this.#follow(replica, process)
  }

  #spawn({ service, number }: Replica): ReplicaProcess {
    const { services, ambient } = this.#options
    const { spawn } = services.find(({ name }) => name === service) as SupervisedService
    const process = new ReplicaProcess(
      attempt(() => spawn(number)),
      ambient,
    )
    this.#processes.add(process)
    this.#tellProcesses()
    void process.ended.then(() => {
      this.#processes.delete(process)
      this.#tellProcesses()
    })
    return process
  }

  /** I3 */
  #follow(replica: Replica, process: ReplicaProcess): void {
    void process.ended.then((how) => {
      if (replica.current !== process || replica.retired || this.#stopping) return
      const { ambient, restart = defaultRestart } = this.#options
      const now = ambient.monotonic()
      const stable = process.readyAt !== undefined && now - process.readyAt >= restart.stableMs
      replica.failures = stable ? 1 : replica.failures + 1
      replica.restarts++
      replica.lastEnding = how
      replica.current = undefined
      const delayMs = restartDelay(restart, replica.failures, ambient)
      replica.again = { at: now + delayMs, cancel: ambient.after(delayMs, () => this.#launch(replica)) }
      this.#become(replica, 'restarting')
    })
  }

  /** I2 */
  async #replaceOne(replica: Replica, onProgress: (line: string) => void): Promise<void> {
    const shown = `${replica.service}/${replica.number}`
    const successor = this.#spawn(replica)
    if (successor.pid !== undefined) onProgress(`${shown}: process ${successor.pid} starts`)
    const { ambient, stopDeadlineMs } = this.#options
    const how = await new Promise<string | undefined>((done) => {
      const cancel = ambient.after(this.#startDeadlineMs, () =>
        done(`it was not ready after ${Math.round(this.#startDeadlineMs / 1000)} s`),
      )
      void successor.ready.then(() => done(undefined))
      void successor.ended.then(done)
      void Promise.race([successor.ready, successor.ended]).then(cancel)
    })
    if (how !== undefined || this.#stopping || replica.retired) {
      await successor.stop(stopDeadlineMs)
      throw banyanError('replacement-failed', { replica: shown, summary: how ?? 'the services are being stopped' })
    }
    const old = replica.current
    replica.again?.cancel()
    replica.again = undefined
    replica.current = successor
    replica.failures = 0
    this.#become(replica, 'ready')
    this.#follow(replica, successor)
    onProgress(`${shown}: process ${successor.pid} is ready`)
    if (old === undefined) return
    onProgress(`${shown}: process ${old.pid} ended (${await old.stop(stopDeadlineMs)})`)
  }

  async #retire(replica: Replica): Promise<void> {
    replica.retired = true
    replica.again?.cancel()
    replica.again = undefined
    const { current } = replica
    if (current && !current.over) {
      this.#become(replica, 'stopping')
      await current.stop(this.#options.stopDeadlineMs)
    }
    replica.current = undefined
    this.#become(replica, 'stopped')
  }

  /** I5 */
  async #exclusively(service: string, action: () => Promise<void>): Promise<void> {
    if (!this.#replicas.has(service))
      throw banyanError('unknown-service', { service, known: [...this.#replicas.keys()].join(', ') })
    if (this.#busy.has(service) || this.#stopping) throw banyanError('service-busy', { service })
    this.#busy.add(service)
    try {
      await action()
    } finally {
      this.#busy.delete(service)
    }
  }

  get #startDeadlineMs(): number {
    return this.#options.startDeadlineMs ?? 120_000
  }

  #all(): Replica[] {
    return [...this.#replicas.values()].flat()
  }

  #replicasOf(service: string): Replica[] {
    return this.#replicas.get(service) ?? []
  }

  #isServed(service: string): boolean {
    return this.#replicasOf(service).some(({ state }) => state === 'ready')
  }

  #become(replica: Replica, state: ReplicaState): void {
    replica.state = state
    this.#options.onChange?.(statusOf(replica, this.#options.ambient.monotonic()))
    this.#wake()
  }

  #tellProcesses(): void {
    this.#options.onProcesses?.([...this.#processes].flatMap(({ pid }) => (pid === undefined ? [] : [pid])))
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look()
  }

  /** Resolves with true once it holds, with false at the deadline or when the supervisor stops. */
  #until(holds: () => boolean, deadlineMs: number): Promise<boolean> {
    return new Promise((done) => {
      const end = (held: boolean): void => {
        this.#waiting.delete(look)
        cancel()
        done(held)
      }
      const look = (): void => {
        if (this.#stopping) end(false)
        else if (holds()) end(true)
      }
      const cancel = this.#options.ambient.after(deadlineMs, () => end(false))
      this.#waiting.add(look)
      look()
    })
  }
}

/** What cannot be started now, perhaps for want of memory, is a start that failed, and no reason to end the others. */
function attempt(spawn: () => ChildProcess): ChildProcess | Error {
  try {
    return spawn()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

import { createDrivenClock, type DrivenClock, seededSources } from '@banyan/ambient'
import type { App } from '@banyan/module'
import { createLogger, type StatementResult } from '@banyan/runtime'
import { type ArmedPoint, isPassed } from '../fault-points.js'
import { TestProcess } from '../process/test-process.js'
import { readLog } from '../services/shared.js'
import { otherProcesses } from '../services/wire.js'
import type { FromChild, Questions, ServiceTask } from './messages.js'

/** How a child says something; `sent` is called when it is on its way, whatever happens to the child then. */
export type Say = (message: FromChild, sent?: () => void) => void

/** One service in a process of its own, for one test. Owns the clock of that process and the points that are armed. */
export class ChildSideService {
  readonly clock: DrivenClock
  readonly #armed: Map<number, ArmedPoint>
  readonly #say: Say
  #process: TestProcess | undefined

  private constructor(task: ServiceTask, say: Say) {
    this.clock = createDrivenClock(task.now)
    this.#armed = new Map(task.armed.map((point) => [point.serial, point]))
    this.#say = say
  }

  static async begin(app: App, task: ServiceTask, say: Say): Promise<ChildSideService> {
    const service = new ChildSideService(task, say)
    service.#process = await TestProcess.start({
      app,
      // Whoever started this process cuts its connections when it is dead.
      database: { ...task.database, cut: () => Promise.resolve() },
      clock: service.clock,
      seeded: seededSources(task.seed),
      logger: createLogger({ level: task.level as 'info', destination: { write: (line) => say({ line }) } }),
      environment: task.environment,
      baseFolder: task.baseFolder,
      identity: task.identity,
      listen: false,
      others: otherProcesses(task.wire, task.service),
      crashes: (point, details) => service.#crashes(point, details),
      committed: (module, events) => say({ committed: module, events }),
    })
    return service
  }

  get process(): TestProcess {
    if (!this.#process) throw new Error('The service has not begun')
    return this.#process
  }

  /** A real death: nothing is closed, given back or said any more. */
  #crashes(name: string, details: Readonly<Record<string, unknown>> | undefined): boolean {
    for (const armed of this.#armed.values()) {
      if (!isPassed(armed, name, details)) continue
      const left = armed.left - 1
      this.#armed.set(armed.serial, { ...armed, left })
      if (left > 0) {
        this.#say({ passed: armed })
        continue
      }
      this.#say({ passed: armed }, () => process.kill(process.pid, 'SIGKILL'))
      return true
    }
    return false
  }

  /** What this service answers, apart from its beginning. */
  readonly answers: {
    readonly [Name in Exclude<keyof Questions, 'load' | 'begin'>]: (
      given: Questions[Name]['given'],
    ) => Questions[Name]['answer'] | Promise<Questions[Name]['answer']>
  } = {
    arm: (point) => done(this.#armed.set(point.serial, point)),
    meets: (instance) => this.process.meets(instance),
    query: async ({ module, statement }) => plain(await this.process.store.module(module).reader.query(statement)),
    log: (module) => readLog(this.process.store, module),
    rest: async (timeoutMs) => (await this.process.runtime.settled(timeoutMs)).moves,
    health: () => this.process.runtime.health(),
    clockNext: () => this.clock.pending()[0],
    clockMove: (time) => done(this.clock.advance(Math.max(0, time - this.clock.now()))),
    told: () => this.process.runtime.health(),
    end: (deadlineMs) => this.process.stop(deadlineMs).then(done),
  }
}

/** There is nothing to answer but that it is done. */
const done = (_: unknown): null => null

/** What a driver gives holds more than data, which cannot leave this process. */
function plain({ rows, rowCount, command, fields }: StatementResult): StatementResult {
  return {
    rows: rows.map((row) => ({ ...(row as object) })),
    rowCount,
    command,
    fields: fields.map(({ name, dataTypeID }) => ({ name, dataTypeID })),
  }
}

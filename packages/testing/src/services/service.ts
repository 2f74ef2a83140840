import type { HealthReport, Statement, StatementResult } from '@banyan/runtime'
import type { ArmedPoint } from '../fault-points.js'

/**
 * One service of an app under test: some of the modules, in this process or in one of its own.
 *
 * S1 At every time one process of it runs, or the next one is being started, or the service has ended.
 * S2 What is asked while there is none is asked of the next one. What was under way hears of the crash.
 */
export interface TestedService {
  readonly name: string
  readonly modules: readonly string[]
  /** @throws what starting the modules throws; nothing is left running then */
  start(): Promise<void>
  /** Resolves when a process of it runs and all have met it; rejects when the service has ended. */
  ready(): Promise<void>
  /** Resolves when the process that runs now crashes. Ask when it is ready. */
  crashing(): Promise<void>
  /** A statement as the module's own role, read-only. */
  query(module: string, statement: Statement): Promise<StatementResult>
  /**
   * Resolves when nothing is left to do here, with a text that is the same as before when nothing was done in between.
   * Whoever asks looks for crashes himself: of a process that dies it may tell nothing.
   * @throws `deadline-exceeded` that lists what is not settled
   */
  rest(timeoutMs: number): Promise<string>
  /** As last known; undefined when no process of it has run yet. */
  health(): HealthReport | undefined
  /** From now on it crashes there. */
  arm(point: ArmedPoint): void
  /** What its process that runs now is called among the others; undefined where there are none, or it does not run. */
  readonly instance: string | undefined
  /** Whether calls of its process that runs now reach that one. True when it does not run. */
  meets(instance: string): Promise<boolean>
  /** Resolves when all that was committed here up to now has been told. Absent where it is told at once. */
  readonly told?: () => Promise<void>
  /** The clock of its own, where it cannot share that of the test. */
  readonly clock?: DistantClock
  stop(deadlineMs: number): Promise<void>
}

/** A driven clock in another process. */
export interface DistantClock {
  /** When the soonest timer is due, milliseconds since 1970. */
  next(): Promise<number | undefined>
  /** Moves to a time; resolves when all timers that became due have been fired. */
  moveTo(time: number): Promise<void>
}

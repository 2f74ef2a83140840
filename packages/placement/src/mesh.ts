import type { EdgeHealth, Elsewhere, HealthReport, Metric, Placement, Runtime } from '@banyan/runtime'

/** What a process offers to the others: the part of its runtime that they reach. */
export type MeshHost = Pick<Runtime, 'accept' | 'route' | 'log' | 'health' | 'contracts'>

/**
 * The port to the processes of an app: what one process needs of the broker. An adapter implements it (broker-nats).
 * Order of use: `connect` makes it, the runtime is created over it and started, `serve` begins to take calls; at the
 * end `drain`, then the runtime stops, then `close`.
 *
 * I1 The identity of a calling service comes from the broker, never from what a message says of itself (P8).
 * I2 What was taken is answered: `drain` resolves when every call taken has its reply on the way (P9).
 * I3 A call that nobody took rejects as `unavailable`, at once where the broker can tell; one that may have been taken
 *    and has no reply ends as `outcome-unknown` for commands, never as failed (P6).
 */
export interface Mesh extends Elsewhere {
  /** Of this process, as in its report. */
  readonly instance: string
  /** Delivers to modules of other processes. */
  readonly placement: Placement
  /** Begins to take calls for the modules of this process, and tells the others that it is there. */
  serve(host: MeshHost): Promise<void>
  /** Takes nothing new, tells the others, and resolves when all that was taken is answered, or at the deadline. */
  drain(deadlineMs: number): Promise<void>
  close(): Promise<void>
  /** The processes of the app that told of themselves of late, this one included. */
  instances(): readonly InstanceReport[]
  metrics(): readonly Metric[]
  /** Resolves when the broker answers; rejects with `unavailable`. For readiness. */
  check(): Promise<void>
}

/** What a process tells of itself, every second and when something changes. */
export interface InstanceReport {
  /** Unique per process. */
  readonly instance: string
  readonly service: string
  readonly host: string
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly startedAt: number
  /** How often it has been connected to the broker: what was on its way to it when that broke is lost. */
  readonly connections: number
  readonly state: HealthReport['state']
  /** Where it takes calls that come past the broker; absent: nowhere. */
  readonly lane?: { readonly host: string; readonly port: number }
  readonly modules: readonly ModuleReport[]
  /** What the policies of this process saw of its calls, by edge. */
  readonly edges: readonly EdgeHealth[]
  /** Whom this process calls nothing of for now, because they fail while others do not. */
  readonly leftOut: readonly LeftOut[]
}

/** A replica that a process leaves out. */
export interface LeftOut {
  readonly module: string
  readonly instance: string
  /** Milliseconds until it is asked again. */
  readonly backInMs: number
}

/** One module of a process, for `banyan services` and for those who choose whom to call. */
export interface ModuleReport {
  readonly module: string
  readonly version: string
  readonly running: number
  readonly queued: number
  readonly limit: number
  readonly lag: number
  readonly parked: number
  readonly deadLetters: number
}

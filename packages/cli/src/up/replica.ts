import type { Ending, ReplicaProcess } from './replica-process.js'

/** What a replica is doing. */
export type ReplicaState = 'waiting' | 'starting' | 'ready' | 'restarting' | 'stopping' | 'stopped'

/** What is told of one replica. */
export interface ReplicaStatus {
  readonly service: string
  readonly replica: number
  readonly state: ReplicaState
  /** Of the process that serves, or is to serve. */
  readonly pid?: number
  /** Where people reach it, for the gateway. */
  readonly url?: string
  /** How long its process has been ready, milliseconds. */
  readonly readyMs?: number
  /** How often it was started again because it ended by itself. */
  readonly restarts: number
  /** Failures since it was last stable. */
  readonly failures: number
  /** How its process ended the last time that it ended by itself. */
  readonly lastEnding?: Ending
  /** Until it is started again, milliseconds; while `restarting`. */
  readonly againInMs?: number
}

/** One place of a service: whichever process fills it. */
export interface Replica {
  readonly service: string
  readonly number: number
  state: ReplicaState
  /** The process that counts: the one that a replacement has put in place, once it has. */
  current: ReplicaProcess | undefined
  restarts: number
  failures: number
  lastEnding: Ending | undefined
  /** While it waits to be started again: when, by the monotonic clock, and how to call it off. */
  again: { readonly at: number; readonly cancel: () => void } | undefined
  /** Nothing is started for it any more. */
  retired: boolean
}

export function newReplica(service: string, number: number): Replica {
  return {
    service,
    number,
    state: 'waiting',
    current: undefined,
    restarts: 0,
    failures: 0,
    lastEnding: undefined,
    again: undefined,
    retired: false,
  }
}

export function statusOf(replica: Replica, now: number): ReplicaStatus {
  const { service, number, state, current, restarts, failures, lastEnding, again } = replica
  return {
    service,
    replica: number,
    state,
    restarts,
    failures,
    ...(current?.pid === undefined ? {} : { pid: current.pid }),
    ...(current?.url === undefined ? {} : { url: current.url }),
    ...(current?.readyAt === undefined ? {} : { readyMs: now - current.readyAt }),
    ...(lastEnding === undefined ? {} : { lastEnding }),
    ...(again === undefined ? {} : { againInMs: Math.max(0, again.at - now) }),
  }
}

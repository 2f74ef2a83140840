import type { ErrorData } from '@banyan/errors'
import type { HealthReport, Identity, LogEvent, Statement, StatementResult } from '@banyan/runtime'
import type { ConnectionOptions } from '@banyan/store-postgres'
import type { ArmedPoint } from '../fault-points.js'
import type { Wire } from '../services/wire.js'

/** Where a child finds the app. */
export interface AppPlace {
  /** Name of the app, for errors and where a file exports several. */
  readonly app: string
  /** Where `banyan.config.ts` lies. */
  readonly folder: string
  /** The file that exports the app, instead of the one that the configuration names. */
  readonly file?: string
}

/** What a child tells of the app that it has loaded. */
export interface LoadedModule {
  readonly name: string
  readonly version: string
}

/** Which service a child is to be, in one test. */
export interface ServiceTask {
  readonly service: string
  readonly wire: Wire
  readonly database: { readonly app: string; readonly connection: ConnectionOptions }
  readonly seed: number
  /** Where the clock of the test stands, milliseconds since 1970. */
  readonly now: number
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly baseFolder: string
  readonly identity: Identity | undefined
  /** What is written to the log. */
  readonly level: string
  readonly armed: readonly ArmedPoint[]
}

/** What a child is asked, by name: what it is given, and what it answers. */
export interface Questions {
  load: { given: AppPlace; answer: readonly LoadedModule[] }
  /** Answers with its name among the others. */
  begin: { given: ServiceTask; answer: string }
  arm: { given: ArmedPoint; answer: null }
  meets: { given: string; answer: boolean }
  query: { given: { readonly module: string; readonly statement: Statement }; answer: StatementResult }
  log: { given: string; answer: readonly LogEvent[] }
  rest: { given: number; answer: number }
  health: { given: undefined; answer: HealthReport }
  clockNext: { given: undefined; answer: number | undefined }
  clockMove: { given: number; answer: null }
  /** All that it told before this answer has been told. */
  told: { given: undefined; answer: HealthReport }
  /** The test is over: it stops, and may be another service in the next one. */
  end: { given: number; answer: null }
}

export type QuestionName = keyof Questions

export interface Question {
  readonly serial: number
  readonly name: QuestionName
  readonly given: unknown
}

/** What a child says. */
export type FromChild =
  | { readonly answer: number; readonly value: unknown }
  | { readonly answer: number; readonly error: ErrorData | string }
  | { readonly committed: string; readonly events: readonly LogEvent[] }
  /** An armed fault point was passed once; when that was the last time, the child is dead right after. */
  | { readonly passed: ArmedPoint }
  /** A line of the log. */
  | { readonly line: string }

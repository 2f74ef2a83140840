import type { AnyContract, Checked, OperationDefinition } from '@banyan/contract'
import type { Envelope, Outcome, Receiver } from '../call/envelope.js'
import type { Scope } from '../call/scope.js'
import type { ModuleStore } from '../ports/store.js'
import type { ContextKind } from './context.js'
import type { Frame, FrameHost, Work } from './frame.js'
import type { Limiter } from './limiter.js'

export type Handler = (input: unknown, context: object) => unknown

/** An operation with its handler, ready to run. */
export interface HostedOperation {
  readonly kind: OperationDefinition['kind']
  /** A raw route: what it gives is a Response, not a value of a contract. */
  readonly raw: boolean
  /** The errors it declares, by name. */
  readonly errors: OperationDefinition['errors']
  readonly handler: Handler
  readonly counts: OperationCounts
  /** Validates the portable form of the input, and copies it. */
  checkInput(value: unknown): Checked
  /** The checked input as the handler sees it; a fresh object each time. */
  decodeInput(value: unknown): Checked
  /** Validates what the handler gave, as a copy in the portable form. */
  checkOutput(value: unknown): Checked
  /** At most how many bytes of JSON the checked input takes; Infinity where its schema does not tell. */
  inputBound(value: unknown): number
  /** The same of the checked output. */
  outputBound(value: unknown): number
}

/** How calls of one operation ended. The codes are those of the contract and of the catalogue, so they are bounded. */
export interface OperationCounts {
  ok: number
  readonly failed: Map<string, number>
  /** Of calls from outside. */
  timed: number
  sumMs: number
}

/** A call that was let in: what runs, under which scope, and who gets its outcome. */
export interface Run<Answer> {
  readonly module: HostedModule
  readonly operation: HostedOperation
  readonly envelope: Envelope
  readonly scope: Scope
  readonly receiver: Receiver<Answer>
  readonly ender: Ender
}

/** Is told that a run has ended, gives its place to the next one, and hands its outcome to the receiver. */
export interface Ender {
  end<Answer>(run: Run<Answer>, outcome: Outcome): Answer
}

/** A module as this process hosts it: what dispatch, events and routes share. */
export interface HostedModule {
  readonly name: string
  readonly contract: AnyContract
  readonly operations: ReadonlyMap<string, HostedOperation>
  /** Handlers by source module and event type. */
  readonly on: ReadonlyMap<string, ReadonlyMap<string, { readonly source: AnyContract; readonly handler: Handler }>>
  readonly routes: ReadonlyMap<string, HostedOperation>
  readonly host: FrameHost
  readonly limiter: Limiter
  readonly timeoutMs: number
  /** Outcomes older than this are gone, so their ids are refused (C3). */
  readonly inboxRetentionMs: number
  /** Runs the statements of queries. */
  readonly reading: Work
  /** The store of the module: absent for apps that keep nothing. */
  store(): ModuleStore
  context(kind: ContextKind, frame: Frame, extra?: object): object
  /** A statement or call left without await fails the run; otherwise it is only reported. */
  readonly strict: boolean
}

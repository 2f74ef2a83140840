import type { Role } from '../harness/types.js'
import type { Order } from '../support/order.js'
import type { Quote } from './quote.js'

export type AskQuote = (order: Order) => Promise<Quote>

/** The end that calls: runs work that asks for quotes as a handler of that system would ask. */
export type Caller = <Result>(work: (ask: AskQuote) => Promise<Result>) => Promise<Result>

/** One way to call another process, both ends of it. Processes of their own load and run them. */
export interface WireSystem {
  /** Starts the end that answers; gives the address that the other end needs. */
  answer(natsUrl: string): Promise<string>
  connect(address: string, natsUrl: string): Promise<Caller>
}

export interface NamedWire {
  readonly name: string
  readonly role: Role
  /** File beside this one. */
  readonly file: string
  /** Name of the system in that file. */
  readonly system: string
}

import { banyanError } from '@banyan/errors'
import {
  type EventStream,
  type LogEvent,
  laneCount,
  type StreamEnd,
  type StreamRefusal,
  type StreamState,
  type StreamTail,
} from '@banyan/runtime'
import type { Msg, Subscription } from '@nats-io/transport-node'
import { createInbox, nuid } from '@nats-io/transport-node'
import { eventHeaders, eventText, readEvent } from './cloud-event.js'
import { type EventSubjects, eventSubjects } from './event-subjects.js'
import { type ApiAnswer, granted, type Link } from './link.js'

/** One call of `publish`: it ends with the answer to its last event. */
interface Flight {
  left: number
  refusal: StreamRefusal | undefined
  resolve(refusal: StreamRefusal | undefined): void
  reject(error: unknown): void
}

interface PubAck {
  readonly seq?: number
}

const answerMs = 5_000
/** Codes of JetStream's errors: another publisher was there; a limit of stream, account or server, or a disk that is full. */
const overtaken = 10_071
const full: ReadonlySet<number> = new Set([10_077, 10_047, 10_023, 10_028, 10_002])
const expectedSequence = 'Nats-Expected-Last-Sequence'
const expectedInLane = 'Nats-Expected-Last-Subject-Sequence'
const notFound = 10_037

/** The stream of a module of this process. Knows JetStream; when and what is published is decided by the runtime's relay. */
export class ModuleStream implements EventStream {
  readonly #link: Link
  readonly #app: string
  readonly #module: string
  readonly #subjects: EventSubjects
  readonly #process = nuid.next()
  readonly #what: string
  readonly #inbox: string
  readonly #flights = new Map<number, Flight>()
  #answers: Subscription | undefined
  #serial = 0

  constructor(link: Link, app: string, module: string, accounts: boolean, inboxPrefix: string | undefined) {
    this.#link = link
    this.#app = app
    this.#module = module
    this.#subjects = eventSubjects(app, module, accounts)
    this.#what = `the stream of ${module}`
    this.#inbox = createInbox(inboxPrefix)
    // What is not answered when the connection breaks may have been stored or not.
    link.watch((connected) => {
      if (!connected) for (const flight of new Set(this.#flights.values())) this.#fail(flight, 'no answer')
    })
  }

  async state(): Promise<StreamState> {
    const answer = granted(
      await this.#link.ask<{ created: string; state: { last_seq: number } }>(
        this.#subjects.info,
        undefined,
        this.#what,
      ),
      this.#what,
    )
    return { identity: answer.created, lastSequence: answer.state.last_seq }
  }

  ends(): Promise<readonly (StreamEnd | undefined)[]> {
    return Promise.all(Array.from({ length: laneCount }, (_, lane) => this.#end(lane)))
  }

  async #end(lane: number): Promise<StreamEnd | undefined> {
    const answer = await this.#link.ask<{ message: { seq: number; data?: string } }>(
      this.#subjects.get,
      { last_by_subj: this.#subjects.stored(lane) },
      this.#what,
    )
    if (answer.error?.err_code === notFound) return undefined
    const { seq, data = '' } = granted(answer, this.#what).message
    const stored = readEvent(Buffer.from(data, 'base64').toString())
    // Nobody else may publish here; whatever it is, it is not of this log.
    if (!stored) return { position: 0, incarnation: 'unknown', sequence: seq }
    return { position: stored.event.position, incarnation: stored.incarnation, sequence: seq }
  }

  publish(incarnation: string, events: readonly LogEvent[], tail: StreamTail): Promise<StreamRefusal | undefined> {
    if (!this.#link.connected) return Promise.reject(banyanError('unavailable', { what: this.#what }))
    const { connection } = this.#link
    this.#answers ??= connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#answered(message)
      },
    })
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.#fail(flight, 'no answer'), answerMs)
      late.unref()
      const flight: Flight = {
        left: events.length,
        refusal: undefined,
        resolve(refusal) {
          clearTimeout(late)
          resolve(refusal)
        },
        reject(error) {
          clearTimeout(late)
          reject(error)
        },
      }
      for (let index = 0; index < events.length; index++) {
        const event = events[index] as LogEvent
        const headers = eventHeaders()
        headers.append(expectedSequence, String(tail.sequence))
        headers.append(expectedInLane, String(tail.lanes[event.lane]))
        tail.lanes[event.lane] = ++tail.sequence
        const serial = this.#serial++
        this.#flights.set(serial, flight)
        connection.publish(this.#subjects.stored(event.lane), eventText(this.#app, this.#module, incarnation, event), {
          headers,
          reply: `${this.#inbox}.${serial}`,
        })
      }
    })
  }

  #answered(message: Msg): void {
    const serial = Number(message.subject.slice(this.#inbox.length + 1))
    const flight = this.#flights.get(serial)
    if (!flight) return
    this.#flights.delete(serial)
    const problem = problemOf(message)
    if (problem && !('kind' in problem)) {
      this.#fail(flight, problem.description)
      return
    }
    flight.refusal ??= problem
    flight.left--
    if (flight.left === 0) flight.resolve(flight.refusal)
  }

  #fail(flight: Flight, reason: string): void {
    for (const [serial, one] of this.#flights) if (one === flight) this.#flights.delete(serial)
    flight.reject(banyanError('unavailable', { what: `${this.#what} (${reason})` }))
  }

  async purge(): Promise<void> {
    granted(await this.#link.ask(this.#subjects.purge, undefined, this.#what), this.#what)
  }

  ring(): void {
    if (this.#link.connected) this.#link.connection.publish(this.#subjects.bell, this.#process)
  }

  rung(listener: () => void): () => void {
    const subscription = this.#link.connection.subscribe(this.#subjects.bell, {
      callback: (error, message) => {
        if (!error && message.string() !== this.#process) listener()
      },
    })
    return () => subscription.unsubscribe()
  }
}

function problemOf(message: Msg): StreamRefusal | { readonly description: string } | undefined {
  if (message.headers?.code === 503) return { description: 'there is none' }
  const text = message.string()
  // Nearly every answer is this short, and tells of no error.
  if (!text.includes('"error"')) return undefined
  const { error } = JSON.parse(text) as ApiAnswer<PubAck>
  if (!error) return undefined
  if (error.err_code === overtaken) return { kind: 'overtaken', reason: error.description }
  if (error.err_code !== undefined && full.has(error.err_code)) return { kind: 'full', reason: error.description }
  return { description: error.description }
}

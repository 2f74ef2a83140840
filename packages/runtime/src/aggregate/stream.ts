import { banyanError } from '@banyan/errors'
import type { AnyAggregate, Evolve } from '@banyan/module'
import { describeIssues } from '../dispatch/describe-issues.js'
import type { NewSnapshot, NewStreamEvent, StoredStream, StreamEvent } from '../ports/stream-store.js'
import { evolved, keptState, readData, streamName } from './fold.js'

/** What an append knows of the run that makes it. */
export interface AppendedBy {
  readonly now: number
  /** JSON text of what travels with the event. */
  readonly context: string
  checkSize(what: string, data: unknown): string
}

/**
 * One stream within one unit of work: what was read of it, and what is to be appended. Shared by all who load it there.
 *
 * I1 `state` is frozen, and shares nothing with the data of events (P2).
 * I2 `version` counts what is appended, so a second append of the same unit follows the first.
 * I3 The time of an event is never before that of the event before it, whatever the clock of this machine says: what
 *    had happened at a time is a beginning of the stream.
 */
export class Stream {
  readonly aggregate: AnyAggregate
  readonly key: string
  state: unknown
  version = 0
  readonly pending: NewStreamEvent[] = []
  #at = 0
  #snapshotVersion = 0

  constructor(aggregate: AnyAggregate, key: string) {
    this.aggregate = aggregate
    this.key = key
    this.state = aggregate.initial
  }

  get name(): string {
    return streamName({ aggregate: this.aggregate.name, key: this.key })
  }

  /** Takes in a page of what is stored; `settle` must follow the last. */
  take({ snapshot, events }: StoredStream): void {
    if (snapshot) {
      this.state = JSON.parse(snapshot.state)
      this.version = snapshot.version
      this.#snapshotVersion = snapshot.version
      this.#at = snapshot.at
    }
    for (const event of events) this.#evolve(event, readData(this.aggregate, event))
  }

  settle(): void {
    this.state = keptState(this.state, this.name) // I1
  }

  /** @throws `invalid-output` for data that does not match its schema */
  append(type: string, data: unknown, by: AppendedBy): void {
    const { name, events } = this.aggregate
    const definition = events[type]
    if (!definition) throw new TypeError(`${name} has no event ${type}`)
    const checked = definition.codec.check(data)
    if (!checked.ok) throw invalidEvent(`${name}.${type}`, checked.issues)
    const text = by.checkSize(`event ${name}.${type}`, checked.value)
    // Fresh objects for evolve, in the form that a later load gives.
    const decoded = definition.codec.decode(JSON.parse(text))
    if (!decoded.ok) throw invalidEvent(`${name}.${type}`, decoded.issues)
    const event: NewStreamEvent = {
      aggregate: name,
      key: this.key,
      version: this.version + 1,
      type,
      schema: definition.version,
      data: text,
      at: Math.max(by.now, this.#at), // I3
      context: by.context,
      tags: checkTags(`${name}.${type}`, definition.tags?.(decoded.value, this.key) ?? []),
    }
    const before = [this.state, this.version, this.#at] as const
    try {
      this.#evolve(event, decoded.value)
      this.settle()
    } catch (error) {
      ;[this.state, this.version, this.#at] = before
      throw error
    }
    this.pending.push(event)
  }

  /** The snapshot that is due with what is appended. */
  snapshot(): NewSnapshot | undefined {
    const { snapshots, name } = this.aggregate
    if (!snapshots || this.pending.length === 0 || this.version - this.#snapshotVersion < snapshots.every)
      return undefined
    return {
      aggregate: name,
      key: this.key,
      version: this.version,
      evolution: snapshots.version,
      state: JSON.stringify(this.state),
      at: this.#at,
    }
  }

  #evolve(event: StreamEvent, data: unknown): void {
    this.state = evolved(this.aggregate.evolve[event.type] as Evolve, this.state, data, event)
    this.version = event.version // I2
    this.#at = event.at
  }
}

function invalidEvent(operation: string, issues: Parameters<typeof describeIssues>[0]): Error {
  return banyanError('invalid-output', { operation, summary: describeIssues(issues) }, { details: { issues } })
}

/** At most so many tags on one event; a tag is at most so long. Each is a row that is locked. */
const tagsMax = 32
const tagLengthMax = 256

/** Distinct, and such that PostgreSQL can keep them. */
export function checkTags(operation: string, tags: readonly string[]): readonly string[] {
  const distinct = [...new Set(tags)]
  const wrong = distinct.find((tag) => typeof tag !== 'string' || !isKeyText(tag, tagLengthMax))
  if (distinct.length > tagsMax || wrong !== undefined)
    throw invalidEvent(operation, [
      {
        path: ['tags'],
        message:
          wrong === undefined
            ? `more than ${tagsMax} tags`
            : `${JSON.stringify(wrong)} is not a tag: a text of 1 to ${tagLengthMax} characters`,
      },
    ])
  return distinct
}

// ES2024; every runtime that Banyan supports has it, the ES2023 type library does not.
interface WellFormedText {
  isWellFormed(): boolean
}

/** Whether a text can be a key in PostgreSQL. */
export function isKeyText(text: unknown, lengthMax: number): text is string {
  return (
    typeof text === 'string' &&
    text !== '' &&
    text.length <= lengthMax &&
    !text.includes('\u0000') &&
    (text as unknown as WellFormedText).isWellFormed()
  )
}

import { banyanError, problemsError } from '@banyan/errors'
import type { AnyAggregate, AnyDecision } from '@banyan/module'
import { checkedText, travelText } from '../dispatch/effects.js'
import type { Frame } from '../dispatch/frame.js'
import { loadDecision } from './load-decision.js'
import { isKeyText, Stream } from './stream.js'

/** Events that are read at a time. */
const pageEvents = 1_000
const keyLengthMax = 512

/** What stands behind an aggregate's name, or a moment of it. */
export interface LoadOptions {
  readonly isNew?: boolean
  readonly at?: Date | number
  readonly version?: number
}

type AnyLoad = (of: AnyAggregate | AnyDecision, what: unknown, options?: LoadOptions) => Promise<object>

/**
 * Makes what handlers get as `load`. Within a unit that may write, a stream is read once and can be appended to; all else
 * is read anew each time.
 */
export function createLoadFactory(): (frame: Frame) => AnyLoad {
  const handles = new Handles()
  return (frame) =>
    async (of, what, options = {}) => {
      if (frame.ended) throw frame.tooLate('a load')
      // As a statement, so that one left without await is found.
      frame.statementStarted()
      try {
        if (of.kind === 'decision') return await loadDecision(frame, of, what)
        handles.check(frame, of)
        const key = checkKey(of, what)
        if (options.at !== undefined || options.version !== undefined) return readAsOf(frame, of, key, options)
        if (frame.envelope.kind === 'query') return reading(await readStream(frame, of, key, options))
        const read = (): Promise<Stream> =>
          options.isNew ? Promise.resolve(new Stream(of, key)) : readStream(frame, of, key, {})
        return handles.make(frame, await frame.streams.stream(of, key, read))
      } finally {
        frame.statementEnded()
      }
    }
}

async function readAsOf(frame: Frame, aggregate: AnyAggregate, key: string, options: LoadOptions): Promise<object> {
  return reading(await readStream(frame, aggregate, key, options))
}

async function readStream(frame: Frame, aggregate: AnyAggregate, key: string, options: LoadOptions): Promise<Stream> {
  const stream = new Stream(aggregate, key)
  const { snapshots } = aggregate
  const until = checkVersion(aggregate, options.version)
  for (;;) {
    const page = await frame.host.streams().load(frame, {
      aggregate: aggregate.name,
      key,
      ...(snapshots && stream.version === 0 ? { evolution: snapshots.version } : {}),
      after: stream.version,
      ...(until === undefined ? {} : { until }),
      ...(options.at === undefined ? {} : { at: Number(options.at) }),
      limit: pageEvents,
    })
    stream.take(page)
    if (page.events.length < pageEvents) break
  }
  stream.settle()
  return stream
}

function checkKey({ name }: AnyAggregate, key: unknown): string {
  if (isKeyText(key, keyLengthMax)) return key
  throw banyanError('invalid-input', {
    operation: `load of ${name}`,
    summary: `${JSON.stringify(key)} is not an id: a text of 1 to ${keyLengthMax} characters`,
  })
}

function checkVersion({ name }: AnyAggregate, version: number | undefined): number | undefined {
  if (version === undefined || (Number.isInteger(version) && version >= 0)) return version
  throw banyanError('invalid-input', { operation: `load of ${name}`, summary: `${version} is not a version` })
}

/** An aggregate that can only be looked at. */
function reading({ key, state, version }: Stream): object {
  return Object.freeze({ id: key, state, version })
}

type Appends = new (handle: Handle) => object

interface Handle {
  readonly frame: Frame
  readonly stream: Stream
}

/** Makes the objects that handlers append through; a class for each aggregate of the module, made once. */
class Handles {
  readonly #known = new Map<string, { readonly aggregate: AnyAggregate; readonly Appends: Appends }>()

  /** Two definitions under one name would write into one stream what the other cannot read. */
  check(frame: Frame, aggregate: AnyAggregate): void {
    const known = this.#known.get(aggregate.name)
    if (known?.aggregate === aggregate) return
    if (known)
      throw problemsError('invalid-aggregate', { name: aggregate.name }, [
        {
          who: `module ${frame.host.module}`,
          where: `aggregate ${aggregate.name}`,
          what: 'there are two definitions with this name',
          remedy: 'Rename one of them, or define it once and import it.',
        },
      ])
    this.#known.set(aggregate.name, { aggregate, Appends: appendsOf(aggregate) })
  }

  make(frame: Frame, stream: Stream): object {
    const { Appends } = this.#known.get(stream.aggregate.name) as { Appends: Appends }
    return new Loaded(stream, new Appends({ frame, stream }))
  }
}

/** What a command gets: it follows its stream. */
class Loaded {
  readonly #stream: Stream
  readonly append: object

  constructor(stream: Stream, append: object) {
    this.#stream = stream
    this.append = append
  }

  get id(): string {
    return this.#stream.key
  }

  get state(): unknown {
    return this.#stream.state
  }

  get version(): number {
    return this.#stream.version
  }
}

function appendsOf(aggregate: AnyAggregate): Appends {
  class EventAppends {
    readonly #handle: Handle
    constructor(handle: Handle) {
      this.#handle = handle
    }
    static append(appends: EventAppends, type: string, data: unknown): void {
      const { frame, stream } = appends.#handle
      if (frame.ended) throw frame.tooLate(`an event ${type} of ${stream.name}`)
      const { ambient } = frame.host
      stream.append(type, data, { now: ambient.now(), context: travelText(frame), checkSize: checkedText })
    }
  }
  for (const type of Object.keys(aggregate.events))
    Object.defineProperty(EventAppends.prototype, type, {
      get(this: EventAppends) {
        return (data: unknown) => EventAppends.append(this, type, data)
      },
    })
  return EventAppends
}

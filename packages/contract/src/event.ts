import { type Codec, emptyCodec } from './codec/index.js'
import { checkName } from './names.js'
import type { EventOptions } from './options.js'
import type { ProblemReport } from './problems.js'
import type { AnySchema } from './schema.js'
import { checkedCodec, propertiesOf } from './schema-check.js'

/** An event of a contract. `Types` is for the compiler only, see `EventTypes`. */
export interface EventDefinition<Types = unknown> {
  readonly kind: 'event'
  readonly name: string
  readonly summary?: string
  /** Schema of the data. */
  readonly data: AnySchema
  /** The property of the data whose value is the key of the event. */
  readonly key: string
  /** Version of the data's schema. */
  readonly version: number
  /** `true`, or what to use instead. */
  readonly deprecated?: true | string
  readonly codec: Codec
  /** Never there: it carries the types of the event for the compiler. */
  readonly '~types'?: Types
}

/** Reads one entry of `events`. */
export function readEvent(report: ProblemReport, name: string, options: EventOptions): EventDefinition {
  const where = `events.${name}`
  const { summary, data, key, version = 1, deprecated } = options
  checkName(report, where, 'an event', name)
  const codec = checkedCodec(report, `${where}.data`, data)
  if (codec === emptyCodec) {
    if (data === undefined) {
      report.add(`${where}.data`, {
        what: 'an event needs data',
        allowed: 'a schema of an object',
        remedy: 'Give at least the property that is its key.',
      })
    }
  } else {
    checkKey(report, where, key, codec)
  }
  if (!Number.isInteger(version) || version < 1) {
    report.add(`${where}.version`, {
      what: `${version} is not the version of a schema`,
      allowed: 'a whole number from 1',
      remedy: 'Count it up when the data changes in a way that old subscribers cannot read.',
    })
  }
  return Object.freeze({
    kind: 'event' as const,
    name,
    ...(summary === undefined ? {} : { summary }),
    data,
    key,
    version,
    ...(deprecated === undefined || deprecated === false ? {} : { deprecated }),
    codec,
  })
}

function checkKey(report: ProblemReport, where: string, key: unknown, codec: Codec): void {
  const known = propertiesOf(codec.jsonSchema) ?? new Set<string>()
  if (typeof key === 'string' && known.has(key)) return
  report.add(`${where}.key`, {
    what: key === undefined ? 'an event needs a key' : `${JSON.stringify(key)} is not a property of the data`,
    allowed: known.size === 0 ? 'none: the data is no object with properties' : [...known].join(', '),
    remedy: 'Name the property whose events must stay in order.',
  })
}

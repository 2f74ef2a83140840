import type { AnyContract } from '@banyan/contract'
import { banyanError } from '@banyan/errors'
import { parseDuration } from '@banyan/module'
import { laneOf } from '../call/lane.js'
import { payloadLimitBytes } from '../call/size.js'
import { describeIssues } from './describe-issues.js'
import type { Frame } from './frame.js'

type Method = (this: { readonly frame: Frame }, ...parameters: never[]) => unknown

/** A class with the methods given, bound to a frame: made once per module. */
function boundClass(methods: Readonly<Record<string, Method>>): (frame: Frame) => object {
  class Bound {
    readonly frame: Frame
    constructor(frame: Frame) {
      this.frame = frame
    }
  }
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(Bound.prototype, name, { value })
  return (frame) => new Bound(frame)
}

/** What travels with an event or job, as text (P7). */
export function travelText(frame: Frame): string {
  return JSON.stringify({ ...frame.envelope.travel, causationId: frame.envelope.id })
}

/** As JSON text, unless it is too long. */
export function checkedText(operation: string, value: unknown): string {
  const text = JSON.stringify(value === undefined ? null : value)
  if (text.length > payloadLimitBytes / 3 && Buffer.byteLength(text) > payloadLimitBytes)
    throw banyanError('payload-too-large', { what: operation, limitBytes: payloadLimitBytes })
  return text
}

/** Makes what handlers get as `emit`: checks at once, collects, and leaves the appending to the commit (P5). */
export function createEmitFactory(contract: AnyContract): (frame: Frame) => object {
  const methods: Record<string, Method> = {}
  for (const [type, event] of Object.entries(contract.events)) {
    methods[type] = function (this: { readonly frame: Frame }, data: unknown) {
      const { frame } = this
      if (frame.ended) throw frame.tooLate(`an event ${type}`)
      const checked = event.codec.check(data)
      if (!checked.ok)
        throw banyanError(
          'invalid-output',
          { operation: `${contract.name}.${type}`, summary: describeIssues(checked.issues) },
          { details: { issues: checked.issues } },
        )
      const key = String((checked.value as Record<string, unknown>)[event.key])
      frame.addEvent({
        id: frame.host.ambient.newId(),
        lane: laneOf(key),
        key,
        type,
        version: event.version,
        data: checkedText(`event ${contract.name}.${type}`, checked.value),
        at: frame.host.ambient.now(),
        context: travelText(frame),
      })
    }
  }
  return boundClass(methods)
}

/** Makes what handlers get as `fail`: errors to throw, with details that match the contract. */
export function createFailFactory(contract: AnyContract): (frame: Frame) => object {
  const methods: Record<string, Method> = {}
  for (const [name, handle] of Object.entries(contract.errors)) {
    methods[name] = (details: unknown) => {
      const checked = handle.detailsCodec.check(details)
      if (checked.ok) return handle.create(checked.value)
      return banyanError(
        'invalid-output',
        { operation: handle.code, summary: describeIssues(checked.issues) },
        { details: { issues: checked.issues } },
      )
    }
  }
  return boundClass(methods)
}

/** When a later call is due: after a duration, or at a time. Absent: at once, after the commit. */
interface LaterOptions {
  readonly in?: string | number
  readonly at?: Date | number
}

/** Makes what handlers get as `later`: durable calls, written with the effect that asks for them. */
export function createLaterFactory(callable: ReadonlyMap<string, AnyContract>): (frame: Frame) => object {
  const factories = new Map<string, (frame: Frame) => object>()
  for (const [name, contract] of callable) {
    const methods: Record<string, Method> = {}
    for (const operation of Object.values(contract.commands)) {
      methods[operation.name] = function (this: { readonly frame: Frame }, input: unknown, options: LaterOptions = {}) {
        const { frame } = this
        const what = `${name}.${operation.name}`
        if (frame.ended) throw frame.tooLate(`a later call of ${what}`)
        const checked = operation.inputCodec.check(input)
        if (!checked.ok)
          throw banyanError(
            'invalid-input',
            { operation: what, summary: describeIssues(checked.issues) },
            { details: { issues: checked.issues } },
          )
        const id = frame.childId(`later:${what}`, frame.nextOrdinal())
        frame.addJob({
          id,
          module: name,
          operation: operation.name,
          input: checkedText(what, checked.value),
          runAt: dueAt(frame, options),
          context: travelText(frame),
        })
        return id
      }
    }
    factories.set(name, boundClass(methods))
  }
  class Later {
    readonly frame: Frame
    constructor(frame: Frame) {
      this.frame = frame
    }
  }
  for (const [name, make] of factories)
    Object.defineProperty(Later.prototype, name, {
      get(this: Later) {
        return make(this.frame)
      },
    })
  return (frame) => new Later(frame)
}

function dueAt(frame: Frame, options: LaterOptions): number {
  if (options.at !== undefined) return Number(options.at)
  return frame.host.ambient.now() + (options.in === undefined ? 0 : parseDuration(options.in))
}

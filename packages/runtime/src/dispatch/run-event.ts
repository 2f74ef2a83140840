import type { Ambient } from '@banyan/ambient'
import { banyanError, isBanyanError } from '@banyan/errors'
import { UnitStreams } from '../aggregate/unit-streams.js'
import { deriveId } from '../call/derive.js'
import type { Envelope, TravelContext } from '../call/envelope.js'
import { Scope } from '../call/scope.js'
import type { Effects, EventRunner } from '../delivery/ports.js'
import type { LogEvent, SubscriptionKey, Unit } from '../ports/store.js'
import { describeIssues } from './describe-issues.js'
import { Frame } from './frame.js'
import type { HostedModule } from './hosted-module.js'
import { settleRun } from './settle.js'

const nothing: Effects = { events: [], jobs: [] }

/** Travel context as it was written with an event or job; text that this process or an older one wrote. */
export function parseTravel(text: string): TravelContext {
  return JSON.parse(text) as TravelContext
}

/**
 * Runs the handlers of the modules here for events. The parent id of a run is derived from the event's id and the subscription, and
 * its time is the event's, so a run that is repeated repeats its calls under the same ids (C1).
 */
export class ModuleEvents implements EventRunner {
  readonly #modules: ReadonlyMap<string, HostedModule>
  readonly #ambient: Ambient
  /** Handlers of one unit see what those before them appended. */
  readonly #streams = new WeakMap<Unit, UnitStreams>()

  constructor(modules: ReadonlyMap<string, HostedModule>, ambient: Ambient) {
    this.#modules = modules
    this.#ambient = ambient
  }

  async handle(
    name: string,
    key: SubscriptionKey,
    event: LogEvent,
    unit: Unit,
    signal: AbortSignal,
    deadlineAt: number,
  ): Promise<Effects> {
    const module = this.#modules.get(name)
    const found = module?.on.get(key.source)?.get(event.type)
    if (!module || !found) return nothing
    const codec = found.source.events[event.type]?.codec
    if (!codec) return nothing
    const data = codec.decode(JSON.parse(event.data))
    if (!data.ok)
      throw banyanError(
        'invalid-input',
        { operation: `${module.name} on ${key.source}.${event.type}`, summary: describeIssues(data.issues) },
        { details: { issues: data.issues } },
      )
    const scope = new Scope(this.#ambient, undefined, undefined, deadlineAt)
    const stop = (): void =>
      scope.end(isBanyanError(signal.reason, 'deadline-exceeded') ? 'deadline-exceeded' : 'cancelled')
    signal.addEventListener('abort', stop, { once: true })
    const travel = parseTravel(event.context)
    const envelope = eventEnvelope(module.name, key, event, travel)
    const frame = new Frame(module.host, envelope, scope, unit, event.at, this.#streamsOf(unit))
    // A context of its own, so that what the handler sets in it ends with it (P1).
    await undefined
    try {
      await found.handler(
        data.value,
        module.context('command', frame, { event: publicEnvelope(key.source, event, travel) }),
      )
      settleRun(module, frame)
      if (scope.ended) throw banyanError(scope.ended, { operation: frame.operation })
      return { events: frame.emitted, jobs: frame.jobs, streams: frame.usedStreams }
    } finally {
      frame.ended = true
      signal.removeEventListener('abort', stop)
      scope.cancelChildren('cancelled')
      scope.close()
    }
  }

  #streamsOf(unit: Unit): UnitStreams {
    const known = this.#streams.get(unit)
    if (known) return known
    const streams = new UnitStreams()
    this.#streams.set(unit, streams)
    return streams
  }
}

function eventEnvelope(module: string, key: SubscriptionKey, event: LogEvent, travel: TravelContext): Envelope {
  let id: string | undefined
  return {
    kind: 'command',
    module,
    operation: `${key.subscription}.${key.source}.${event.type}`,
    input: undefined,
    get id() {
      id ??= deriveId(event.id, module, key.subscription)
      return id
    },
    // An event is handled again until its effect is committed, so all below it must be recorded.
    repeatable: true,
    caller: key.source,
    travel: { ...travel, causationId: event.id },
  }
}

/** The envelope of an event as handlers see it. */
function publicEnvelope(source: string, event: LogEvent, travel: TravelContext): object {
  return {
    id: event.id,
    source,
    type: event.type,
    version: event.version,
    key: event.key,
    lane: event.lane,
    position: event.position,
    time: new Date(event.at),
    correlationId: travel.correlationId,
    causationId: travel.causationId,
  }
}

import { banyanError } from '@banyan/errors'
import type { AnyAggregate, AnyDecision, Evolve } from '@banyan/module'
import type { Frame } from '../dispatch/frame.js'
import type { StreamEventType } from '../ports/stream-store.js'
import { evolved, keptState, readData } from './fold.js'
import { checkTags } from './stream.js'

/** More would make every command that decides slow; see `decision-too-large`. */
export const decisionEventsMax = 10_000
const listsMax = 32

/** Reads what a decision is made on, and in a unit that may write holds its commit to it. */
export async function loadDecision(frame: Frame, decision: AnyDecision, input: unknown): Promise<object> {
  const name = Object.keys(decision.of).join(', ')
  const tags = checkLists(name, decision.tags(input as never))
  const types = typesOf(decision)
  const found = await frame.host.streams().match(frame, { tags, types, limit: decisionEventsMax })
  if (found.events.length > decisionEventsMax)
    throw banyanError('decision-too-large', { names: name, limit: decisionEventsMax })
  let events = found.events
  if (frame.envelope.kind === 'command') {
    frame.streams.decidedOn(found.conditions)
    events = [...events, ...frame.streams.pending(tags, types)]
  }
  let state = decision.initial(input as never)
  for (const event of events) {
    const aggregate = decision.of[event.aggregate] as AnyAggregate
    const evolve = decision.evolve[event.aggregate]?.[event.type] as Evolve
    state = evolved(evolve, state, readData(aggregate, event), event)
  }
  return Object.freeze({ state: keptState(state, `a decision of ${name}`) })
}

function typesOf({ evolve }: AnyDecision): readonly StreamEventType[] {
  return Object.entries(evolve).flatMap(([aggregate, functions]) =>
    Object.keys(functions).map((type) => ({ aggregate, type })),
  )
}

function checkLists(name: string, lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const operation = `decision of ${name}`
  if (lists.length === 0 || lists.length > listsMax || lists.some((list) => list.length === 0))
    throw banyanError('invalid-output', {
      operation,
      summary: `tags: 1 to ${listsMax} lists of at least one tag are needed`,
    })
  return lists.map((list) => checkTags(operation, list))
}

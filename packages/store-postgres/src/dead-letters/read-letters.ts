import type { DeadLetter, DeadLetterAudit, DeadLetterFilter } from '@banyan/runtime'
import type { FlightPart } from '../connection/flight.js'
import { ownStatement } from '../connection/own-statement.js'
import type { TextRow } from '../connection/rows.js'
import { filterCondition, filterValues, letterNumber } from './filter.js'

const columns = `d.id, d.kind, d.source, d.subscription, d.lane, d.position, d.key, d.type, d.version, d.data, d.original,
  d.context, d.error, d.attempts, d.died_at, d.holds`

const list = ownStatement(`
  select ${columns} from banyan_dead_letters d
  where ${filterCondition('d')} and ($5::bigint is null or d.id < $5) order by d.id desc limit $6`)
const count = ownStatement('select count(*) from banyan_dead_letters')
const audit = ownStatement(
  'select letter, action, by, at, data from banyan_dead_letter_audit order by id desc limit $1',
)

export function listLettersPart(filter: DeadLetterFilter, page: { limit: number; before?: string }): FlightPart {
  const before = page.before === undefined ? undefined : (letterNumber(page.before) ?? 0)
  return { ...list, values: [...filterValues(filter), before, page.limit], quiet: true }
}

export const countLettersPart: FlightPart = { ...count, quiet: true }

export function listAuditPart(limit: number): FlightPart {
  return { ...audit, values: [limit], quiet: true }
}

export function readLetters(rows: readonly TextRow[]): DeadLetter[] {
  return rows.map((row) => {
    const [id, kind, source, subscription, lane, position, key, type, version, data, original, ...rest] = row
    const [context, error, attempts, diedAt, holds] = rest as string[]
    return {
      id: id as string,
      kind: kind as DeadLetter['kind'],
      source: source as string,
      type: type as string,
      data: data as string,
      context: context as string,
      error: error as string,
      attempts: Number(attempts),
      diedAt: Number(diedAt),
      holds: holds === 't',
      ...(subscription == null ? {} : { subscription }),
      ...(lane == null ? {} : { lane: Number(lane) }),
      ...(position == null ? {} : { position: Number(position) }),
      ...(key == null ? {} : { key }),
      ...(version == null ? {} : { version: Number(version) }),
      ...(original == null ? {} : { original }),
    }
  })
}

export function readAudit(rows: readonly TextRow[]): DeadLetterAudit[] {
  return rows.map(([letter, action, by, at, data]) => ({
    letter: letter as string,
    action: action as DeadLetterAudit['action'],
    by: by as string,
    at: Number(at),
    data: data as string,
  }))
}

import type { AppendCondition, MatchedEvents, Statement, StreamEventType, WantedEvents } from '@banyan/runtime'
import { textArray } from '../connection/array-literal.js'
import type { TextRow } from '../connection/rows.js'
import { readEvent } from './load-stream.js'

/**
 * One statement, so one snapshot: the position of a tag and the events that carry it belong together. Of each list it goes
 * by the tag that the fewest events carry. Rows without a type tell that tag and its position.
 */
const text = `
  with wanted as materialized (
    select w.list, banyan_texts(w.tags) as tags from unnest($1::text[]) with ordinality as w (tags, list)
  ), led as materialized (
    select w.list, w.tags, l.tag, l.position from wanted w cross join lateral (
      select u.tag, coalesce(t.position, 0) as position
      from unnest(w.tags) as u (tag) left join banyan_tags t on t.tag = u.tag collate "C"
      order by position, u.tag collate "C" limit 1
    ) l
  )
  (select list, tag, null, position, null, null, null, null from led order by list)
  union all
  (select * from (
    select distinct on (m.sequence) m.sequence, e.aggregate, e.key, e.version, e.type, e.schema, e.data::text, e.at
    from led l
    join banyan_tagged m on m.tag = l.tag collate "C" and m.position <= l.position
    join banyan_streams e on e.aggregate = m.aggregate and e.key = m.key and e.version = m.version
    where e.tags @> l.tags and (e.aggregate || '.' || e.type) = any ($2::text[])
    order by m.sequence limit $3
  ) matched)`

/** Name of a type of event within its module, as the statements know it. */
export function typeName({ aggregate, type }: StreamEventType): string {
  return `${aggregate}.${type}`
}

export function matchEvents({ tags, types, limit }: WantedEvents): Statement {
  const lists = textArray(tags.map((list) => JSON.stringify(list)))
  return { text, values: [lists, textArray(types.map(typeName)), limit + 1], raw: true }
}

export function readMatched({ tags, types }: WantedEvents, rows: readonly TextRow[]): MatchedEvents {
  const conditions: AppendCondition[] = []
  const events: MatchedEvents['events'][number][] = []
  for (const [first, second, key, version, ...rest] of rows) {
    if (key === null)
      conditions.push({
        tags: tags[Number(first) - 1] as readonly string[],
        types,
        tag: second as string,
        after: Number(version),
      })
    else events.push(readEvent(second as string, key as string, [version as string, ...rest]))
  }
  return { events, conditions }
}

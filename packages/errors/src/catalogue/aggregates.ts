import { type CatalogueEntry, entry } from './entry.js'

/** Errors of aggregates and decisions. */
export const aggregatesErrors = {
  'invalid-aggregate': entry(
    500,
    false,
    'The aggregate or decision {name} is not valid',
    'One or more parts of the definition break a rule; all are listed.',
    'Correct each problem listed.',
  ),
  'append-conflict': entry(
    409,
    true,
    'Another command of {module} appended to what this one had read',
    'Two commands loaded the same aggregate or decision, and the other one was first to commit. Nothing of this one was kept.',
    'Run it again: it reads anew then. Banyan has done so up to five times already where that was safe.',
  ),
  'stream-unreadable': entry(
    500,
    false,
    'Event {version} of {stream} cannot be read: {reason}',
    'The event is of a type or version that this code does not know, or its data does not match the schema after its upcast.',
    'Keep every event that streams hold in the aggregate, count up its version with a changed schema, and write the upcast; deploy readers before writers.',
  ),
  'invalid-state': entry(
    500,
    false,
    'What evolve made of {stream} is no state: {summary}',
    'A state is kept as JSON: plain objects, lists, texts, finite numbers, true, false and null.',
    'Correct the function of evolve; nothing was committed.',
  ),
  'decision-too-large': entry(
    500,
    false,
    'A decision of {names} would read more than {limit} events',
    'Its tags match too many events to be read for each command.',
    'Choose tags that match fewer events, or keep the figure it needs in an aggregate with snapshots.',
  ),
} as const satisfies Record<string, CatalogueEntry>

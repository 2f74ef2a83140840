import { type CatalogueEntry, entry } from './entry.js'

/** Errors of contracts, modules, apps, and their tests. */
export const modulesErrors = {
  'invalid-contract': entry(
    500,
    false,
    'The contract {name} is not valid',
    'One or more parts of the definition break a rule; all are listed.',
    'Correct each problem listed.',
  ),
  'invalid-duration': entry(
    500,
    false,
    '{value} is not a duration',
    'A setting is negative, infinite, or not written like a duration.',
    'Write milliseconds as a number, or a number with ms, s, m, h or d, for example 10m.',
  ),
  'invalid-module': entry(
    500,
    false,
    'The module {name} is not valid',
    'One or more parts of the definition break a rule; all are listed.',
    'Correct each problem listed.',
  ),
  'invalid-app': entry(
    500,
    false,
    'The app {name} does not fit together',
    'The wiring of its modules breaks one or more rules; all are listed.',
    'Correct each problem listed.',
  ),
  'invalid-config': entry(
    500,
    false,
    'The configuration is not valid',
    'One or more settings are missing or wrong; all are listed.',
    'Correct each problem listed.',
  ),
  'no-stand-in': entry(
    501,
    false,
    'The stand-in for {module} has no handler for {operation}',
    'The test put a stand-in in the place of the module, and gave it handlers for other operations only.',
    'Give standIn a handler for the operation, or let the real module take part.',
  ),
} as const satisfies Record<string, CatalogueEntry>

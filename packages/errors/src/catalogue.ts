import { aggregatesErrors } from './catalogue/aggregates.js'
import { callsErrors } from './catalogue/calls.js'
import { deliveryErrors } from './catalogue/delivery.js'
import { edgesErrors } from './catalogue/edges.js'
import type { CatalogueEntry } from './catalogue/entry.js'
import { modulesErrors } from './catalogue/modules.js'
import { servicesErrors } from './catalogue/services.js'
import { storeErrors } from './catalogue/store.js'

export type { CatalogueEntry } from './catalogue/entry.js'

/**
 * Every error that Banyan itself raises. Codes are kebab-case and never reused; errors that a contract declares are
 * named `<module>.<error>` and live in the contract. A test proves that this catalogue, the generated reference page
 * and the `ErrorCode` type hold the same set.
 */
export const catalogue = {
  ...callsErrors,
  ...modulesErrors,
  ...aggregatesErrors,
  ...deliveryErrors,
  ...storeErrors,
  ...servicesErrors,
  ...edgesErrors,
} as const satisfies Record<string, CatalogueEntry>

/** The codes of all errors that Banyan itself raises. */
export type ErrorCode = keyof typeof catalogue

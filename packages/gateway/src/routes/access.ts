import type { OperationDefinition } from '@banyan/contract'
import { type BanyanError, banyanError } from '@banyan/errors'
import type { Identity } from '@banyan/runtime'

/**
 * Whether a caller may use an operation at the edge: `access: 'public'` is open to all; no `access` means that the
 * caller must be known; a list means that the caller needs every permission in it.
 */
export function accessRefusal(
  operation: string,
  access: OperationDefinition['access'],
  identity: Identity | undefined,
): BanyanError | undefined {
  if (access === 'public') return undefined
  if (identity === undefined) return banyanError('not-authenticated', { operation })
  if (access === undefined) return undefined
  const missing = access.filter((permission) => !identity.permissions.includes(permission))
  if (missing.length === 0) return undefined
  return banyanError('access-denied', { operation }, { details: { missing } })
}

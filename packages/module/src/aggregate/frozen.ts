import { type Issue, portableCopy } from '@banyan/contract'

/** A state as it is kept: a copy that shares nothing with what it was made from, and that nobody can change (P2). */
export function frozenState(
  state: unknown,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly issues: readonly Issue[] } {
  const copied = portableCopy(state)
  if (copied.ok) freezeDeep(copied.value)
  return copied
}

/** The value is a portable copy: it ends, and has plain objects and arrays only. */
function freezeDeep(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const part of Object.values(value)) freezeDeep(part)
  Object.freeze(value)
}

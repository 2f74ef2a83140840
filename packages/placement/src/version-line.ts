import { parseVersion } from '@banyan/contract'

/** A version in two tokens of a subject. */
export interface VersionParts {
  /** The same for all that is compatible: `v1` of 1.2.0, `v0_4` of 0.4.3. */
  readonly line: string
  /** The rest: `2_0` of 1.2.0, `3` of 0.4.3, `2_0-beta_1` of 1.2.0-beta.1. */
  readonly step: string
}

/** Splits the version of a contract, which has been checked to be one. */
export function versionParts(version: string): VersionParts {
  const parsed = parseVersion(version)
  if (parsed === undefined) throw new RangeError(`${version} is not a semantic version`)
  const { major, minor, patch, prerelease } = parsed
  const numbers = major === 0 ? [patch] : [minor, patch]
  const rest = prerelease === undefined ? '' : `-${prerelease.replaceAll('.', '_')}`
  return { line: major === 0 ? `v0_${minor}` : `v${major}`, step: `${numbers.join('_')}${rest}` }
}

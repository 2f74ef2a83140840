/** The numbers of a semantic version. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
  /** What stands after `-`, for example `beta.1`; such a version is compatible with nothing but itself. */
  readonly prerelease?: string
}

// semver.org 2.0.0; build metadata (+…) says nothing about compatibility and is not allowed in a contract.
const form = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$/

export function parseVersion(text: string): Version | undefined {
  const [whole, major, minor, patch, prerelease] = form.exec(text) ?? []
  if (whole === undefined) return undefined
  const numbers = { major: Number(major), minor: Number(minor), patch: Number(patch) }
  return prerelease === undefined ? numbers : { ...numbers, prerelease }
}

/**
 * Whether a module that keeps version `have` of a contract serves a caller that was built with version `want`: the same
 * major version and at least `want`. Under 1.0.0 the minor version takes the place of the major one (semver.org, §4).
 */
export function isCompatible(have: string, want: string): boolean {
  const offered = parseVersion(have)
  const wanted = parseVersion(want)
  if (offered === undefined || wanted === undefined) return false
  if (offered.prerelease !== undefined || wanted.prerelease !== undefined) return have === want
  if (offered.major !== wanted.major) return false
  if (offered.major === 0) return offered.minor === wanted.minor && offered.patch >= wanted.patch
  return offered.minor > wanted.minor || (offered.minor === wanted.minor && offered.patch >= wanted.patch)
}

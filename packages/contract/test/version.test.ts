import { isCompatible, parseVersion } from '@banyan/contract'
import { describe, expect, it } from 'vitest'

describe('parseVersion', () => {
  it.each(['1.2.3', '0.0.0', '10.20.30'])('reads %s', (text) => {
    const { major, minor, patch } = parseVersion(text) ?? {}
    expect(`${major}.${minor}.${patch}`).toBe(text)
  })

  it('reads a prerelease', () => expect(parseVersion('1.0.0-beta.1')?.prerelease).toBe('beta.1'))

  it.each(['1', '1.2', 'v1.2.3', '01.2.3', '1.2.3+build', '1.2.3-', ' 1.2.3'])('refuses %s', (text) => {
    expect(parseVersion(text)).toBeUndefined()
  })
})

describe('isCompatible', () => {
  it.each([
    ['1.2.0', '1.2.0'],
    ['1.3.0', '1.2.9'],
    ['1.2.1', '1.2.0'],
    ['0.3.2', '0.3.1'],
    ['1.0.0-beta.1', '1.0.0-beta.1'],
  ])('%s serves who was built with %s', (have, want) => expect(isCompatible(have, want)).toBe(true))

  it.each([
    ['1.1.9', '1.2.0'],
    ['2.0.0', '1.9.0'],
    ['1.2.0', '1.2.1'],
    ['0.4.0', '0.3.0'],
    ['0.3.0', '0.3.1'],
    ['1.0.0', '1.0.0-beta.1'],
    ['1.0.0-beta.2', '1.0.0-beta.1'],
    ['1.0.0', 'latest'],
  ])('%s does not serve who was built with %s', (have, want) => expect(isCompatible(have, want)).toBe(false))
})

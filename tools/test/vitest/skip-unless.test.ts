import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { repositoryRoot } from '../../support/files.js'
import { skipUnless } from '../../vitest/skip-unless.js'

// #region example
const licence = join(repositoryRoot, 'LICENSE')
const withLicence = skipUnless(existsSync(licence), 'this checkout has no LICENSE')

withLicence.test('reads the licence', () => {
  expect(existsSync(licence)).toBe(true)
})
// #endregion

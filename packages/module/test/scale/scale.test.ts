import { describe, expect, it } from 'vitest'
import { measureScale } from './measure.js'

describe('types of a large app', () => {
  // With 4 operations each, to be quick; `npm run bench -- types` does the same with 20 and prints the figures.
  it('stay small with 200 modules', { timeout: 300_000 }, async () => {
    const report = await measureScale({ modules: 200, operations: 4 })
    console.log('types at scale', report)
    expect(report.errors).toBe('')
    expect(report.appDeclarationBytes).toBeLessThan(20_000)
    expect(report.contractDeclarationBytes).toBeLessThan(20_000)
    expect(report.checkMegabytes).toBeLessThan(1200)
  })
})

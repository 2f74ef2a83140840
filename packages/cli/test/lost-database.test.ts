import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Project } from './project.js'

// Each test starts processes, which read the sources of every package.
vi.setConfig({ testTimeout: 120_000 })

let project: Project
beforeEach(() => {
  project = new Project()
})
afterEach(() => project.remove())

test.each(['start', 'dev'])('%s ends, and says why, when its database cannot be started any more', async (command) => {
  const running = project.start(command, '--port', '0')
  await running.until(/modules +orders, notifications/)
  project.loseDatabase()
  const { code, stderr } = await running.ended
  expect(code).toBe(1)
  expect(stderr).toContain('the database is gone for good: stopping')
  expect(stderr).toMatch(
    /✗ The data folder .* cannot be used: .*\n {2}cause: .+\n {2}remedy: .+\n {2}code: {3}store-folder-unusable/,
  )
})

import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The first test of a run starts a real PostgreSQL.
  test: { include: ['test/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 60_000 },
})

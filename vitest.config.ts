import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['banyan-source', 'node', 'import', 'default'] },
  ssr: { resolve: { conditions: ['banyan-source', 'node', 'import', 'default'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

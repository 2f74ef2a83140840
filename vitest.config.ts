import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Without `import`: vitest hands these to Node, where it would also hold for `require` inside CommonJS packages (pg).
  resolve: { conditions: ['banyan-source', 'node'] },
  ssr: { resolve: { conditions: ['banyan-source', 'node'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

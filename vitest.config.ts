import { defineConfig } from 'vitest/config'

// Packages are read from their sources, so tests need no build and see every change at once.
// Without `import`: vitest hands these to Node, where it would also hold for `require` inside CommonJS packages (pg).
const conditions = ['banyan-source', 'node']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    globalSetup: ['./tools/vitest/global-setup.ts'],
    reporters: ['default', './tools/vitest/reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

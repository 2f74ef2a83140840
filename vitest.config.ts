import { configDefaults, defineConfig } from 'vitest/config'

// Packages are read from their sources, so tests need no build and see every change at once.
// Without `import`: vitest hands these to Node, where it would also hold for `require` inside CommonJS packages (pg).
const conditions = ['banyan-source', 'node']

/** Tests that take minutes, because servers must be found dead: `npm run test:faults`. */
export const faults = 'packages/host/test/faults/*.test.ts'

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'tools/test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, faults],
    globalSetup: ['./tools/vitest/global-setup.ts'],
    reporters: ['default', './tools/vitest/reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
})

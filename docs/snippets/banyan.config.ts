// #region config
import { defineConfig } from 'banyan'
import type { theatre } from './app.js'

export default defineConfig<typeof theatre>({
  app: './app.ts',
  gateway: { port: 3000, bodyLimitBytes: 262_144 },
  store: { folder: '.banyan/data', connections: 6 },
  log: { level: 'info' },
  delivery: { handlerMs: 10_000, attempts: 5, logRetention: '90d' },
  stopDeadlineMs: 10_000,
  // #region policies
  policies: {
    'bookings -> seats': {
      timeout: '2s',
      retry: { attempts: 3 },
      breaker: { failures: 5, openFor: '30s' },
      bulkhead: 100,
    },
    '* -> printer': { timeout: '10s', bulkhead: { concurrency: 4, queue: 20 } },
    '*': { retry: {} },
  },
  // #endregion
  // #region faults
  faults: [
    { edge: '* -> printer', percent: 5, latency: '2s' },
    { edge: 'bookings -> seats', percent: 1, error: 'unavailable' },
  ],
  // #endregion
})
// #endregion

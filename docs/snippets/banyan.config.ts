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
})
// #endregion

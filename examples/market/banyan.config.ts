import { defineConfig } from 'banyan'
import type { market } from './src/app.js'

export default defineConfig<typeof market>({
  app: './src/app.ts',
  gateway: { port: 3000 },
})

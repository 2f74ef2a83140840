import { defineConfig } from 'banyan'
import type { app } from './src/app.js'

export default defineConfig<typeof app>({
  app: './src/app.ts',
  gateway: { port: 3000 },
})

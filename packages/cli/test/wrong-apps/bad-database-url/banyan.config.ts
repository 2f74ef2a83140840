import { defineConfig } from 'banyan'

export default defineConfig({ app: './app.ts' })

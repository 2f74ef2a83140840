import { configDefaults, defineConfig } from 'vitest/config'
import config, { faults } from './vitest.config.js'

/** `npm run test:faults`: real processes whose servers and links are killed, cut and slowed; minutes long. */
export default defineConfig({ ...config, test: { ...config.test, include: [faults], exclude: configDefaults.exclude } })

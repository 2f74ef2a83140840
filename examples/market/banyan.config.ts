import { defineConfig } from 'banyan'
import type { market } from './src/app.js'

export default defineConfig<typeof market>({
  app: './src/app.ts',
  gateway: { port: 3000 },
  // #region services
  // For `banyan up`, each a process or more of its own. `npm start` and `banyan start` run everything in one.
  services: {
    storefront: { modules: ['catalog', 'cart'], replicas: 2 },
    checkout: { modules: ['orders'], replicas: 2 },
    inventory: ['inventory'],
    payments: ['payments', 'provider'],
    fulfilment: ['shipping', 'notifications'],
    analytics: ['analytics'],
  },
  // #endregion
})

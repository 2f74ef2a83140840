import { defineConfig } from '@banyan/host'

export default defineConfig({
  app: 'app.ts',
  services: {
    left: { modules: ['left'], replicas: 2 },
    right: { modules: ['right'], replicas: 2 },
    mirror: { modules: ['mirror'], replicas: 2 },
    tally: ['tally'],
  },
  events: { maxBytes: 67_108_864 },
  gateway: { port: 0 },
  probe: { port: 0 },
})

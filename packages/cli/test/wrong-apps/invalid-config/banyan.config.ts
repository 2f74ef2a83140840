export default {
  app: './app.ts',
  gatway: { port: 3000 },
  gateway: { port: 'http', bodyLimit: 1000 },
  stopDeadlineMs: -1,
  delivery: { batchEvent: 5, attempts: 0, maxLag: '1M', backoffBaseMs: 600_000, logRetention: 'a year' },
}

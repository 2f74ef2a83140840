export default {
  app: './app.ts',
  gatway: { port: 3000 },
  gateway: { port: 'http', bodyLimit: 1000 },
  stopDeadlineMs: -1,
}

export default { app: './app.ts', services: { post: ['mail'] } }

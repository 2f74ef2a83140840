export default { app: './app.ts', services: { post: { modules: ['mail', 'letters'] }, desk: ['mail'] } }

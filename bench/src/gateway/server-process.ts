import { servers } from './servers.js'

/** A server in a process of its own; tells its port to whoever started it, and ends with it. */
const start = servers[process.argv[2] ?? '']
if (!start) throw new Error(`There is no server ${process.argv[2]}`)
process.on('disconnect', () => process.exit(0))
process.send?.({ port: await start() })

import { countProcessorTime } from '../support/processor-time.js'
import { servers } from './servers.js'

/**
 * A server in a process of its own; tells its port to whoever started it, the processor time that it used to whoever
 * sends anything, and ends with them.
 */
const start = servers[process.argv[2] ?? '']
if (!start) throw new Error(`There is no server ${process.argv[2]}`)
process.on('disconnect', () => process.exit(0))
const port = await start()
const processorTime = countProcessorTime()
process.on('message', () => process.send?.(processorTime()))
process.send?.({ port })

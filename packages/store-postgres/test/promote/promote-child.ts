// Runs one promotion as a process of its own, so that a test can kill it. Arguments: options as JSON; the number of the
// fault point at which it kills itself, or none.
import { createAmbient } from '@banyan/ambient'
import { promote } from '../../src/promote/promote.js'

const [options = '{}', killAt = '0'] = process.argv.slice(2)
let passed = 0
const ambient = createAmbient({
  reached(point) {
    passed++
    process.stdout.write(`${point}\n`)
    if (passed === Number(killAt)) process.kill(process.pid, 'SIGKILL')
    // The signal is not delivered at once; nothing may be done meanwhile.
    return passed === Number(killAt) ? new Promise<void>(() => setInterval(() => undefined, 1000)) : undefined
  },
})
const result = await promote({ ...JSON.parse(options), ambient })
process.stdout.write(`done ${JSON.stringify(result)}\n`)

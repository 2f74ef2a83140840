/**
 * `npm run test:placements`: the tests of the example, unchanged, with its modules as services of their own: through the
 * broker inside one process, and as processes. In one process, placement `local`, they are part of `npm test`.
 * Parameters: the placements; default both.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { obtainNats } from './nats.js'
import { repositoryRoot } from './support/files.js'
import { skippedCode } from './verify.js'

const folder = 'examples/market/test'
const placements = process.argv.length > 2 ? process.argv.slice(2) : ['wire', 'distributed']

// Those that open the market under test; folders below hold tests of tools, which have no placement.
const files = readdirSync(join(repositoryRoot, folder)).filter((file) => file.endsWith('.test.ts'))

async function run(placement: string): Promise<boolean> {
  const child = spawn('npx', ['vitest', 'run', ...files.map((file) => join(folder, file))], {
    cwd: repositoryRoot,
    stdio: 'inherit',
    env: { ...process.env, BANYAN_TEST_PLACEMENT: placement },
  })
  const [code] = await once(child, 'exit')
  return code === 0
}

const obtained = await obtainNats()
if ('missing' in obtained) {
  console.log(`test:placements [skipped: ${obtained.missing}]`)
  process.exitCode = skippedCode
} else
  for (const placement of placements) {
    console.log(`The market in placement ${placement}`)
    if (!(await run(placement))) process.exitCode = 1
  }

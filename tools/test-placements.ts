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
import { readText, repositoryRoot } from './support/files.js'
import { isMain } from './support/main.js'
import { skippedCode } from './verify.js'

const folder = 'examples/market/test'

/** Those that open the market under test. Others start its commands, or test its tools: they have no placement. */
export function placedTests(root: string): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`)
    .filter((path) => readText(root, path).includes('openMarket('))
}

async function run(placement: string, files: readonly string[]): Promise<boolean> {
  const child = spawn('npx', ['vitest', 'run', ...files], {
    cwd: repositoryRoot,
    stdio: 'inherit',
    env: { ...process.env, BANYAN_TEST_PLACEMENT: placement },
  })
  const [code] = await once(child, 'exit')
  return code === 0
}

async function main(placements: readonly string[]): Promise<number> {
  const obtained = await obtainNats()
  if ('missing' in obtained) {
    console.log(`test:placements [skipped: ${obtained.missing}]`)
    return skippedCode
  }
  const files = placedTests(repositoryRoot)
  // Without a name vitest would run every test of the repository.
  if (files.length === 0) throw new Error(`No test in ${folder} opens the market`)
  let failed = false
  for (const placement of placements) {
    console.log(`The market in placement ${placement}`)
    if (!(await run(placement, files))) failed = true
  }
  return failed ? 1 : 0
}

if (isMain(import.meta.url)) {
  const named = process.argv.slice(2)
  process.exitCode = await main(named.length > 0 ? named : ['wire', 'distributed'])
}

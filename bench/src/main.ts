import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { settingsHelp } from './harness/settings.js'

/** Lists the claims, or runs one, or all, each in a process of its own so that none warms up or disturbs another. */
const folder = join(dirname(fileURLToPath(import.meta.url)), 'claims')
const claims = readdirSync(folder)
  .filter((file) => file.endsWith('.js'))
  .map((file) => file.slice(0, -'.js'.length))
  .sort()

function runOne(name: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(folder, `${name}.js`), ...args], { stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}

const [name, ...args] = process.argv.slice(2)
if (name === 'all') {
  for (const one of claims) {
    process.exitCode = Math.max(Number(process.exitCode ?? 0), await runOne(one, args))
    if (!args.includes('--json')) console.log('')
  }
} else if (name !== undefined && existsSync(join(folder, `${name}.js`))) {
  process.exitCode = await runOne(name, args)
} else {
  const known = name === undefined || name === '--help'
  if (!known) console.error(`There is no claim ${name}.\n`)
  console.log(
    `npm run bench -- CLAIM [options]     measures one claim\nnpm run bench -- all [options]       measures all, one after the other\n`,
  )
  console.log(`claims: ${claims.join(', ')}\n\n${settingsHelp}`)
  process.exitCode = known ? 0 : 1
}

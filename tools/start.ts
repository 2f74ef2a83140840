/**
 * `npm start`: builds what changed, then opens the shop of examples/market in this very process. npm passes SIGTERM to
 * the shell that it started; some shells (dash) end without passing it on, and would leave the shop running: so this
 * process ends, in order, when its parent has.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { repositoryRoot } from './support/files.js'

const parentCheckMs = 250

if (process.env.npm_lifecycle_event !== undefined && process.platform !== 'win32') {
  const parent = process.ppid
  const check = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(check)
    process.kill(process.pid, 'SIGTERM')
  }, parentCheckMs)
  check.unref()
}

const compiler = spawn(process.execPath, [join(repositoryRoot, 'node_modules/typescript/bin/tsc'), '-b'], {
  cwd: repositoryRoot,
  stdio: 'inherit',
})
const end = (signal: NodeJS.Signals): void => void compiler.kill(signal)
const signals = ['SIGINT', 'SIGTERM'] as const
for (const signal of signals) process.on(signal, end)
const [code, signal] = (await once(compiler, 'exit')) as [number | null, NodeJS.Signals | null]
for (const one of signals) process.off(one, end)
// As a shell would say it.
if (signal !== null) process.exit(signal === 'SIGINT' ? 130 : 143)
if (code !== 0) process.exit(code ?? 1)
process.chdir(join(repositoryRoot, 'examples/market'))
await import(pathToFileURL(join(process.cwd(), 'demo/start.ts')).href)

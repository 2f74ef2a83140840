import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { cleanEnvironment } from './run.js'

const readyMs = 60_000
const pollMs = 50

const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/** Starts the project's app, places an order, waits for the message that its event causes, and stops it. */
export async function serveAndCall(project: string, options: readonly string[]): Promise<void> {
  const child = spawn(join(project, 'node_modules', '.bin', 'banyan'), options, {
    cwd: project,
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  try {
    await orderTea(await untilListening(child, () => output))
  } catch (error) {
    throw new Error(`banyan ${options.join(' ')}: ${(error as Error).message}\n${output}`)
  } finally {
    child.kill('SIGTERM')
  }
  const code = await ended
  if (code !== 0) throw new Error(`banyan ${options.join(' ')} ended with ${code} after SIGTERM\n${output}`)
}

async function untilListening(child: ChildProcess, output: () => string): Promise<string> {
  for (let waited = 0; waited < readyMs; waited += pollMs) {
    const url = /API\s+(http:\S+)/.exec(output())?.[1]
    if (url !== undefined) return url
    if (child.exitCode !== null) throw new Error('ended before it listened')
    await wait(pollMs)
  }
  throw new Error(`did not listen within ${readyMs} ms`)
}

async function orderTea(url: string): Promise<void> {
  const email = 'ada@example.org'
  const placed = await fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, lines: [{ sku: 'tea', quantity: 2, unitPriceMinor: 450 }] }),
  })
  if (!placed.ok) throw new Error(`POST /orders answered ${placed.status}: ${await placed.text()}`)
  const { orderId } = (await placed.json()) as { orderId: string }
  for (let waited = 0; waited < readyMs; waited += pollMs) {
    const answer = await fetch(`${url}/messages?email=${encodeURIComponent(email)}`)
    const messages = (await answer.json()) as { text: string }[]
    if (messages.some(({ text }) => text.includes(orderId))) return
    await wait(pollMs)
  }
  throw new Error(`no message about order ${orderId} within ${readyMs} ms`)
}

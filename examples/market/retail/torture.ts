import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'

const help = `Replays a retail file while the shop and its database are killed (kill -9) again and again, then audits.

  npm run market:torture -- FILE [--kills 20] [--limit N] [--port 3999]

It uses, and first empties, examples/market/.banyan/torture.`

interface Settings {
  readonly file: string
  readonly kills: number
  readonly limit: string | undefined
  readonly port: string
}

const folder = resolve('.banyan/torture')
const loader = ['--import', '@oxc-node/core/register']

class Shop {
  #child: ChildProcess | undefined
  #ending = false
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Starts the shop, and again whenever it was killed. */
  start(): void {
    const environment = { ...process.env, PORT: this.#settings.port, LOG_LEVEL: 'error', BANYAN_DATA: folder }
    const child = spawn(process.execPath, [...loader, 'demo/start.ts', '--quiet'], {
      env: environment,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    this.#child = child
    child.once('exit', (code) => {
      if (this.#ending) return
      if (code !== null && code !== 0) console.log(`  the shop ended by itself with ${code}; it is started again`)
      this.start()
    })
  }

  killApp(): void {
    this.#child?.kill('SIGKILL')
  }

  async stop(): Promise<void> {
    this.#ending = true
    const child = this.#child
    if (!child || child.exitCode !== null) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGTERM')
    await ended
  }
}

/** The postmaster's process id, when the database runs. */
function postmaster(): number | undefined {
  try {
    return Number(readFileSync(resolve(folder, 'cluster/postmaster.pid'), 'utf8').split('\n')[0])
  } catch {
    return undefined
  }
}

function killDatabase(): boolean {
  const pid = postmaster()
  if (pid === undefined) return false
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

function run(script: string, parameters: readonly string[]): ChildProcess {
  return spawn(process.execPath, [...loader, script, ...parameters], {
    stdio: 'inherit',
    env: { ...process.env, BANYAN_DATA: folder },
  })
}

const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise((done) => child.once('exit', (code) => done(code ?? 1)))

function progress(state: string): number {
  try {
    return (JSON.parse(readFileSync(state, 'utf8')) as { done: number }).done
  } catch {
    return 0
  }
}

const victims = ['app', 'database', 'both'] as const

/** Kills at random moments that are spread over the whole replay; returns how often. */
async function kill(
  shop: Shop,
  settings: Settings,
  state: string,
  total: number,
  over: () => boolean,
): Promise<number> {
  let kills = 0
  while (kills < settings.kills && !over()) {
    const due = ((kills + Math.random()) / settings.kills) * total * 0.97
    if (progress(state) < due) {
      await wait(50)
      continue
    }
    await wait(Math.random() * 1_500)
    const victim = victims[kills % victims.length] as (typeof victims)[number]
    if (victim !== 'app' && !killDatabase()) continue
    if (victim !== 'database') shop.killApp()
    kills++
    console.log(`  kill ${kills} of ${settings.kills}: ${victim}`)
  }
  return kills
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kills: { type: 'string', default: '20' },
      limit: { type: 'string' },
      port: { type: 'string', default: '3999' },
      help: { type: 'boolean' },
    },
  })
  const [given] = positionals
  if (values.help || given === undefined) {
    console.log(help)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const file = resolve(process.env.INIT_CWD ?? process.cwd(), given)
  const settings: Settings = { file, kills: Number(values.kills), limit: values.limit, port: values.port }
  const state = resolve(folder, '..', `torture-${basename(file)}.json`)
  rmSync(folder, { recursive: true, force: true })
  rmSync(state, { force: true })
  const shop = new Shop(settings)
  shop.start()
  const limited = settings.limit === undefined ? [] : ['--limit', settings.limit]
  const replay = run('retail/replay.ts', [
    file,
    '--url',
    `http://127.0.0.1:${settings.port}`,
    '--state',
    state,
    ...limited,
  ])
  let over = false
  const replayed = exitOf(replay).then((code) => {
    over = true
    return code
  })
  // About sixteen thousand documents make up the whole file; a smaller one only shifts the moments.
  const kills = await kill(shop, settings, state, Number(settings.limit ?? 16_000), () => over)
  const code = await replayed
  console.log(`${kills} kills; the replay ended with ${code}`)
  const audited = code === 0 ? await exitOf(run('retail/audit.ts', [file, ...limited])) : 1
  await shop.stop()
  process.exitCode = code === 0 && audited === 0 && kills >= settings.kills ? 0 : 1
}

await main()

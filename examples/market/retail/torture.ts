import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { planRetail } from './classify.js'
import { readProgress } from './progress.js'
import { seededRandom } from './random.js'
import { readRetailFile } from './read-file.js'
import { type Recovery, RecoveryProbe, recoveryTable, recoveryText } from './recovery.js'
import { Services } from './services.js'
import { Shop } from './shop.js'
import { type Given, runTool, wholeNumber } from './tool.js'
import { dataIn, exitOf, OneProcess, runScript, type Victim } from './victim.js'

const help = `Replays a retail file while the shop is killed (kill -9) again and again, then audits.

  npm run market:torture -- FILE [--services] [--kills 20] [--kill KINDS] [--seed N] [--limit N] [--in-flight 32]
                                 [--port 3999] [--folder FOLDER]

  --services   the shop as services by \`banyan up\`, with a broker; else as one process
  --kills      how often, at random moments spread over the replay
  --kill       what, in turn: app,database,both of one process; service,broker,database,all of services, where the name
               of a service stands for one of its processes; default: all of these
  --seed       of the random moments and victims; default: another each time
  --limit      only the first N documents
  --in-flight  requests under way at a time
  --folder     of the shop that is tortured, emptied first; default .banyan/torture in examples/market

After each kill it orders goods of its own, and tells how long it took until they were taken, and until they were shipped.`

const options = {
  services: { type: 'boolean' },
  kills: { type: 'string' },
  kill: { type: 'string' },
  seed: { type: 'string' },
  limit: { type: 'string' },
  'in-flight': { type: 'string' },
  port: { type: 'string' },
  folder: { type: 'string' },
} as const

const openWithinMs = 180_000
const leastPauseMs = 250

interface Torture {
  readonly kills: number
  readonly kinds: readonly string[]
  readonly random: () => number
  /** Documents that are replayed. */
  readonly total: number
  /** Where the replay keeps its progress. */
  readonly state: string
  readonly over: () => boolean
  readonly probe: RecoveryProbe
}

/**
 * Kills at random moments that are spread over the replay, but for its end, which leaves the last one room, and measures
 * each recovery; by kind.
 */
async function torture(victim: Victim, setting: Torture): Promise<Map<string, Recovery[]>> {
  const { kills, kinds, random, total, state, over, probe } = setting
  const recoveries = new Map<string, Recovery[]>()
  let done = 0
  while (done < kills && !over()) {
    const due = ((done + random()) / (kills + 1)) * total
    while (!over() && readProgress(state).done < due) await wait(25)
    // The state is written now and then; the kill comes anywhere in between.
    await wait(random() * leastPauseMs)
    const kind = kinds[done % kinds.length] as string
    const killed = await victim.kill(kind)
    if (killed === undefined) continue
    done++
    console.log(`  kill ${done} of ${kills}: ${killed}`)
    const recovery = await probe.measure()
    recoveries.set(kind, [...(recoveries.get(kind) ?? []), recovery])
    console.log(`    ${recoveryText(recovery)}`)
  }
  return recoveries
}

function kindsOf({ values }: Given, all: readonly string[]): readonly string[] {
  return typeof values.kill === 'string' ? values.kill.split(',') : all
}

async function main(given: Given): Promise<number> {
  const { values, file } = given
  const kills = wholeNumber(given, 'kills', 0) ?? 20
  const limit = wholeNumber(given, 'limit', 0)
  const seed = wholeNumber(given, 'seed', 0) ?? Math.floor(Math.random() * 1_000_000)
  const port = String(wholeNumber(given, 'port', 1) ?? 3999)
  const folder = resolve((values.folder as string | undefined) ?? '.banyan/torture')
  const state = join(folder, 'replay.json')
  const documents = (await planRetail(readRetailFile(file))).documents.slice(0, limit)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const limited = limit === undefined ? [] : ['--limit', String(limit)]
  const inFlight = values['in-flight'] === undefined ? [] : ['--in-flight', String(values['in-flight'])]
  const random = seededRandom(seed)
  const services = values.services ? new Services({ folder, port, random }) : undefined
  const victim = services ?? new OneProcess({ folder, port })
  const kinds = kindsOf(given, services ? Services.kinds : OneProcess.kinds)
  console.log(`${documents.length} documents, ${kills} kills of ${kinds.join(', ')}, seed ${seed}`)
  if (services) console.log(`what the services say: ${services.house.log}`)
  const stop = (): void => void victim.stop()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  victim.start()
  try {
    const shop = new Shop(`http://127.0.0.1:${port}`)
    await shop.awaited(openWithinMs, () => console.log('waiting until the shop is open'))
    const probe = new RecoveryProbe(shop, `probe-${seed}`)
    await probe.open()
    console.log(`before the first kill: ${recoveryText(await probe.measure())}`)
    const replay = runScript(
      'retail/replay.ts',
      [file, '--url', shop.url, '--state', state, ...limited, ...inFlight],
      {},
    )
    const replayed = exitOf(replay)
    let over = false
    void replayed.then(() => {
      over = true
    })
    let recoveries: Map<string, Recovery[]>
    try {
      recoveries = await torture(victim, {
        kills,
        kinds,
        random,
        total: documents.length,
        state,
        over: () => over,
        probe,
      })
    } catch (error) {
      replay.kill('SIGTERM')
      await replayed
      throw error
    }
    const code = await replayed
    const killed = [...recoveries.values()].reduce((sum, some) => sum + some.length, 0)
    console.log(`${killed} kills; the replay ended with ${code}`)
    for (const line of recoveryTable(recoveries)) console.log(line)
    if (code !== 0) return 1
    const audited = await exitOf(runScript('retail/audit.ts', [file, ...limited], { BANYAN_DATA: dataIn(folder) }))
    if (killed < kills)
      console.log(`the replay was over after ${killed} of ${kills} kills: replay more, or less at a time`)
    return audited === 0 && killed === kills ? 0 : 1
  } finally {
    await victim.stop()
  }
}

await runTool(help, options, main)

import { mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { planRetail } from './classify.js'
import { seededRandom } from './random.js'
import { readRetailFile } from './read-file.js'
import { type Recovery, RecoveryProbe, recoveryTable, recoveryText } from './recovery.js'
import { Services } from './services.js'
import { Shop } from './shop.js'
import { StagedReplay } from './staged.js'
import { Told } from './told.js'
import { type Given, runTool, WrongUse, wholeNumber } from './tool.js'
import { dataIn, exitOf, OneProcess, runScript, type Victim } from './victim.js'

const help = `Replays a retail file while the shop is killed (kill -9) again and again, then audits.

  npm run market:torture -- FILE [--services] [--kills 20] [--kill KINDS] [--seed N] [--limit N] [--in-flight 32]
                                 [--port 3999] [--folder FOLDER]

  --services   the shop as services by \`banyan up\`, with a broker; else as one process
  --kills      how often, at random moments spread over the replay
  --kill       what, in turn: app,database,both of one process; service,broker,database,all of services, where the name
               of a service stands for one of its processes, when all of them run; default: all of these
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
const longestPauseMs = 250
const lookMs = 25
/** Of a part: later it might be over before the kill. */
const latestKill = 0.8

interface Torture {
  readonly kills: number
  readonly kinds: readonly string[]
  readonly random: () => number
  readonly replay: StagedReplay
  /** Documents that are replayed. */
  readonly total: number
  readonly probe: RecoveryProbe
}

/**
 * Kills once in each part of the replay but the last, which leaves the last kill room, and measures each recovery while the
 * part goes on; by kind.
 */
async function torture(victim: Victim, setting: Torture): Promise<Map<string, Recovery[]>> {
  const { kills, kinds, random, replay, total, probe } = setting
  const recoveries = new Map<string, Recovery[]>()
  for (let done = 0; done < kills; done++) {
    const end = Math.floor(((done + 1) / (kills + 1)) * total)
    const from = Math.floor((done / (kills + 1)) * total)
    const due = from + Math.floor(random() * latestKill * (end - from))
    const pauseMs = random() * longestPauseMs
    const kind = kinds[done % kinds.length] as string
    let sending = true
    const sent = replay.sendUpTo(end).finally(() => {
      sending = false
    })
    const measured = async (): Promise<void> => {
      while (sending && replay.done < due) await wait(lookMs)
      // The progress is written now and then; the kill comes anywhere in between.
      await wait(pauseMs)
      console.log(`  kill ${done + 1} of ${kills}: ${await killed(victim, kind)}`)
      const recovery = await probe.measure()
      recoveries.set(kind, [...(recoveries.get(kind) ?? []), recovery])
      console.log(`    ${recoveryText(recovery)}`)
    }
    // Both end before the failure of one is told.
    for (const outcome of await Promise.allSettled([sent, measured()]))
      if (outcome.status === 'rejected') throw outcome.reason
  }
  await replay.sendUpTo(total)
  return recoveries
}

/** Kills what is named as soon as it is there; says what it was. */
async function killed(victim: Victim, kind: string): Promise<string> {
  // A look may itself take long: what is bounded is the time.
  const until = performance.now() + openWithinMs
  do {
    const what = await victim.kill(kind)
    if (what !== undefined) return what
    await wait(lookMs)
  } while (performance.now() < until)
  throw new Told(`there is no ${kind} to kill: it has been away for ${openWithinMs / 1000} s`)
}

/** What is killed in turn. @throws WrongUse that says what there is */
function kindsOf({ values }: Given): readonly string[] {
  const [all, names] = values.services ? [Services.kinds, Services.names] : [OneProcess.kinds, []]
  if (typeof values.kill !== 'string') return all
  const chosen = values.kill.split(',')
  const unknown = chosen.filter((kind) => ![...all, ...names].includes(kind))
  if (unknown.length > 0)
    throw new WrongUse(
      `--kill: there is no ${unknown.map((kind) => `'${kind}'`).join(', ')} to kill; there is ${[...all, ...names].join(', ')}`,
    )
  return chosen
}

async function main(given: Given): Promise<number> {
  const { values, file } = given
  const kinds = kindsOf(given)
  const kills = wholeNumber(given, 'kills', 0) ?? 20
  const limit = wholeNumber(given, 'limit', 0)
  const inFlight = wholeNumber(given, 'in-flight', 1) ?? 32
  const seed = wholeNumber(given, 'seed', 0) ?? Math.floor(Math.random() * 1_000_000)
  const port = String(wholeNumber(given, 'port', 1) ?? 3999)
  const folder = resolve((values.folder as string | undefined) ?? '.banyan/torture')
  const plan = await planRetail(readRetailFile(file))
  const total = Math.min(plan.documents.length, limit ?? plan.documents.length)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const random = seededRandom(seed)
  const services = values.services ? new Services({ folder, port, random }) : undefined
  const victim = services ?? new OneProcess({ folder, port })
  console.log(`${total} documents, ${kills} kills of ${kinds.join(', ')}, seed ${seed}`)
  if (services) console.log(`what the services say: ${services.house.log}`)
  const shop = new Shop(`http://127.0.0.1:${port}`)
  const replay = new StagedReplay({ shop, plan, total, inFlight, state: join(folder, 'replay.json') })
  const stop = (): void => {
    replay.stop()
    void victim.stop()
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  victim.start()
  try {
    await shop.awaited(openWithinMs, () => console.log('waiting until the shop is open'))
    const probe = new RecoveryProbe(shop, `probe-${seed}`)
    await probe.open()
    await replay.open()
    console.log(`before the first kill: ${recoveryText(await probe.measure())}`)
    const recoveries = await torture(victim, { kills, kinds, random, replay, total, probe })
    const all = replay.conclude()
    for (const line of recoveryTable(recoveries)) console.log(line)
    if (!all) return 1
    const limited = limit === undefined ? [] : ['--limit', String(limit)]
    return await exitOf(runScript('retail/audit.ts', [file, ...limited], { BANYAN_DATA: dataIn(folder) }))
  } finally {
    await victim.stop()
  }
}

await runTool(help, options, main)

import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { planRetail } from './classify.js'
import { readProgress } from './progress.js'
import { readRetailFile } from './read-file.js'
import { type Given, runTool, wholeNumber } from './tool.js'
import { exitOf, runScript, Victim } from './victim.js'

const help = `Replays a retail file while the shop and its database are killed (kill -9) again and again, then audits.

  npm run market:torture -- FILE [--kills 20] [--limit N] [--in-flight 32] [--port 3999] [--folder FOLDER]

  --kills      how often: in turn the shop, its database, and both, at random moments spread over the replay
  --limit      only the first N documents
  --in-flight  requests under way at a time
  --folder     data of the shop that is tortured, emptied first; default .banyan/torture in examples/market`

const options = {
  kills: { type: 'string' },
  limit: { type: 'string' },
  'in-flight': { type: 'string' },
  port: { type: 'string' },
  folder: { type: 'string' },
} as const

const victims = ['app', 'database', 'both'] as const

interface Torture {
  readonly kills: number
  /** Documents that are replayed. */
  readonly total: number
  /** Where the replay keeps its progress. */
  readonly state: string
  readonly over: () => boolean
}

/** Kills at random moments that are spread over the replay, but for its end, which leaves the last one room; returns how often. */
async function torture(victim: Victim, { kills, total, state, over }: Torture): Promise<number> {
  let done = 0
  while (done < kills && !over()) {
    const due = ((done + Math.random()) / (kills + 1)) * total
    while (!over() && readProgress(state).done < due) await wait(25)
    // The state is written now and then; the kill comes anywhere in between.
    await wait(Math.random() * 250)
    const chosen = victims[done % victims.length]
    if (chosen !== 'app' && !victim.killDatabase()) continue
    if (chosen !== 'database') victim.killApp()
    done++
    console.log(`  kill ${done} of ${kills}: ${chosen}`)
  }
  return done
}

async function main(given: Given): Promise<number> {
  const { values, file } = given
  const kills = wholeNumber(given, 'kills', 0) ?? 20
  const limit = wholeNumber(given, 'limit', 0)
  const port = String(wholeNumber(given, 'port', 1) ?? 3999)
  const folder = resolve((values.folder as string | undefined) ?? '.banyan/torture')
  const state = `${folder}.json`
  const documents = (await planRetail(readRetailFile(file))).documents.slice(0, limit)
  rmSync(folder, { recursive: true, force: true })
  rmSync(state, { force: true })
  const limited = limit === undefined ? [] : ['--limit', String(limit)]
  const inFlight = values['in-flight'] === undefined ? [] : ['--in-flight', String(values['in-flight'])]
  const victim = new Victim(folder, port)
  const stop = (): void => void victim.stop()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  victim.start()
  try {
    const url = `http://127.0.0.1:${port}`
    const replay = runScript('retail/replay.ts', [file, '--url', url, '--state', state, ...limited, ...inFlight], {})
    const replayed = exitOf(replay)
    let over = false
    void replayed.then(() => {
      over = true
    })
    const killed = await torture(victim, { kills, total: documents.length, state, over: () => over })
    const code = await replayed
    console.log(`${killed} kills; the replay ended with ${code}`)
    if (code !== 0) return 1
    const audited = await exitOf(runScript('retail/audit.ts', [file, ...limited], { BANYAN_DATA: folder }))
    if (killed < kills)
      console.log(`the replay was over after ${killed} of ${kills} kills: replay more, or less at a time`)
    return audited === 0 && killed === kills ? 0 : 1
  } finally {
    await victim.stop()
  }
}

await runTool(help, options, main)

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { removeEmbedded } from '@banyan/store-postgres'
import { formatNumber } from '../harness/format.js'
import { type OpenClaim, type Run, runClaim } from '../harness/run.js'
import { verdict } from '../harness/targets.js'
import { type RunningMarket, startMarket } from '../start/market.js'
import { newDataFolder } from '../support/database.js'

const maximumMegabytes = 250
const requests = 2_000

async function startOnce(folder: string): Promise<{ value: number }> {
  const market = await startMarket(folder)
  await market.stop()
  return { value: market.readyAfterMs }
}

async function startCold(): Promise<{ value: number }> {
  const folder = newDataFolder('cold')
  try {
    return await startOnce(folder)
  } finally {
    await removeEmbedded(folder)
  }
}

/** What any program in Node takes. */
async function startNode(): Promise<{ value: number }> {
  const begunAt = performance.now()
  await once(spawn(process.execPath, ['--eval', '0']), 'exit')
  return { value: performance.now() - begunAt }
}

async function compareStarts(run: Run, warm: string): Promise<void> {
  const limit = { name: 'node, an empty program', role: 'limit', measure: startNode } as const
  const common = { unit: 'ms', better: 'lower', rounds: 5, warmUps: 1 } as const
  const cold = { name: 'Banyan, empty folder', role: 'ours', measure: startCold } as const
  await run.compare({
    ...common,
    title: 'Start of examples/market in an empty folder, until /readyz',
    alternatives: [cold, limit],
    targets: [{ kind: 'at-most', value: 30_000 }],
  })
  await run.compare({
    ...common,
    title: 'Start of examples/market with data, until /readyz',
    alternatives: [{ name: 'Banyan, its own data', role: 'ours', measure: () => startOnce(warm) }, limit],
    targets: [{ kind: 'at-most', value: 3_000 }],
  })
}

async function observeMemory(run: Run, what: string, market: RunningMarket): Promise<void> {
  const processes = await market.memory()
  const sum = (some: typeof processes): number => some.reduce((total, { pssMegabytes }) => total + pssMegabytes, 0)
  const total = sum(processes)
  const database = processes.filter(({ command }) => /postgres/.test(command))
  run.observe({
    what: `memory (PSS) ${what}`,
    value: `${formatNumber(total)} MiB in ${processes.length} processes: PostgreSQL ${formatNumber(sum(database))} in ${database.length}, Node ${formatNumber(total - sum(database))}`,
    verdict: verdict(
      `< ${maximumMegabytes} MiB`,
      total < maximumMegabytes,
      `${formatNumber(total)} MiB`,
      `${formatNumber(total - maximumMegabytes)} MiB`,
    ),
  })
}

async function observeMarket(run: Run, folder: string): Promise<void> {
  const market = await startMarket(folder)
  try {
    run.print('')
    await observeMemory(run, 'when ready', market)
    for (let request = 0; request < requests; request++)
      await (await fetch(`${market.url}/${request % 2 === 0 ? 'products' : 'revenue/countries'}`)).arrayBuffer()
    await observeMemory(run, `after ${formatNumber(requests)} requests`, market)
  } finally {
    await market.stop()
  }
}

async function open(): Promise<OpenClaim> {
  const folder = newDataFolder('warm')
  return {
    async measure(run) {
      await compareStarts(run, folder)
      await observeMarket(run, folder)
    },
    close: () => removeEmbedded(folder),
  }
}

await runClaim(
  {
    name: 'start',
    says: 'the market serves within 3 s on its data, 30 s in an empty folder, and takes less than 250 MB',
    packages: ['pg', 'fastify', 'zod'],
    notes: [
      'The process that `npm start -- --quiet` runs once the build is done: eight modules, the gateway and the embedded',
      'PostgreSQL, TypeScript sources loaded as they are. Memory is the proportional set size of all its processes.',
    ],
  },
  open,
)

import { startOneProcess, startOneService } from './ours.js'
import { startPlain } from './plain.js'
import type { ProcessPlan, ProcessReport } from './process.js'

/** One process of a deployment: starts what the plan says, tells its address, then reports whenever it is asked. */
const plan = JSON.parse(process.argv[2] ?? '{}') as ProcessPlan
let waits: number[] = []
const record = (ms: number): void => {
  waits.push(ms)
}

function report(): ProcessReport {
  const { user, system } = process.cpuUsage()
  const told = waits
  waits = []
  return { processorTime: user + system, waits: told }
}

function start(): Promise<string> {
  if (plan.kind === 'one') return startOneProcess({ ...plan, record })
  return plan.kind === 'service' ? startOneService({ ...plan, record }) : startPlain({ ...plan, record })
}

process.on('disconnect', () => process.exit(0))
const url = await start()
process.on('message', () => process.send?.(report()))
process.send?.(url)

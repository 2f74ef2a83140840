import type { InstanceReport, Topology } from '@banyan/placement'
import { table } from '../output.js'
import { durationText } from '../up/status-table.js'

const heading = [
  'SERVICE',
  'INSTANCE',
  'HOST',
  'PID',
  'UP',
  'STATE',
  'MODULE',
  'VERSION',
  'LOAD',
  'LAG',
  'PARKED',
  'DEAD',
]
const edgeHeading = ['CALLS', 'FROM', 'INSTANCE', 'BREAKER', 'ANSWERED', 'FAILED', 'RETRIES']
/** Enough of an id to tell processes of one app apart. */
const shownIdCharacters = 8

/** What runs where: a row for each module of each process, and one for each service without any. */
export function instanceTable(all: readonly InstanceReport[], topology: Topology, now: number): string {
  const order = topology.services.map(({ name }) => name)
  const rank = ({ service }: InstanceReport): number =>
    order.includes(service) ? order.indexOf(service) : order.length
  const sorted = [...all].sort((one, other) => rank(one) - rank(other) || one.startedAt - other.startedAt)
  const missing = order.filter((name) => !all.some(({ service }) => service === name))
  const instances = table([
    heading,
    ...sorted.flatMap((report) => rowsOf(report, now)),
    ...missing.map((name) => [name, '-', '-', '-', '-', 'no process', '-', '-', '-', '-', '-', '-']),
  ])
  const edges = sorted.flatMap(edgesOf)
  return edges.length === 0 ? instances : `${instances}\n\n${table([edgeHeading, ...edges])}`
}

/** What the policies of a process saw of its calls: a row for each edge. */
function edgesOf({ service, instance, edges }: InstanceReport): string[][] {
  return edges.map(({ caller, module, breaker = '-', answered, failed, retries }) => [
    `${caller} -> ${module}`,
    service,
    instance.slice(-shownIdCharacters),
    breaker,
    String(answered),
    String(failed),
    String(retries),
  ])
}

function rowsOf({ service, instance, host, pid, startedAt, state, modules }: InstanceReport, now: number): string[][] {
  const process = [service, instance.slice(-shownIdCharacters), host, String(pid), durationText(now - startedAt), state]
  if (modules.length === 0) return [[...process, '-', '-', '-', '-', '-', '-']]
  return modules.map(({ module, version, running, queued, limit, lag, parked, deadLetters }, index) => [
    ...(index === 0 ? process : process.map(() => '')),
    module,
    version,
    `${running}+${queued} of ${limit}`,
    String(lag),
    String(parked),
    String(deadLetters),
  ])
}

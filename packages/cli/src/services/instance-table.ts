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
const leftOutHeading = ['LEFT OUT', 'INSTANCE', 'BY', 'INSTANCE', 'BACK IN']
/** Enough of an id to tell processes of one app apart. */
const shownIdCharacters = 8
const shortId = (id: string): string => id.slice(-shownIdCharacters)

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
  const more = [
    [edgeHeading, ...sorted.flatMap(edgesOf)],
    [leftOutHeading, ...sorted.flatMap(leftOutOf)],
  ]
  return [instances, ...more.filter(({ length }) => length > 1).map(table)].join('\n\n')
}

/** What the policies of a process saw of its calls: a row for each edge. */
function edgesOf({ service, instance, edges }: InstanceReport): string[][] {
  return edges.map(({ caller, module, breaker = '-', answered, failed, retries }) => [
    `${caller} -> ${module}`,
    service,
    shortId(instance),
    breaker,
    String(answered),
    String(failed),
    String(retries),
  ])
}

/** Whom a process calls nothing of: a row for each replica. */
function leftOutOf({ service, instance, leftOut }: InstanceReport): string[][] {
  return leftOut.map((out) => [
    out.module,
    shortId(out.instance),
    service,
    shortId(instance),
    durationText(out.backInMs),
  ])
}

function rowsOf({ service, instance, host, pid, startedAt, state, modules }: InstanceReport, now: number): string[][] {
  const process = [service, shortId(instance), host, String(pid), durationText(now - startedAt), state]
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

import type { EdgeHealth } from '@banyan/runtime'
import type { InstanceReport, LeftOut, ModuleReport } from '../mesh.js'

const states = new Set(['starting', 'running', 'stopping', 'stopped'])
const breakers = new Set(['closed', 'open', 'half-open'])
const longestReport = 1_048_576

/** What a process tells of itself, read from its JSON; undefined when it is garbled. */
export function readReport(message: Uint8Array): InstanceReport | undefined {
  if (message.length > longestReport) return undefined
  let value: Partial<Record<keyof InstanceReport, unknown>> | null
  try {
    value = JSON.parse(Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('utf8'))
  } catch {
    return undefined // garbled: the next one comes within a second
  }
  if (typeof value !== 'object' || value === null) return undefined
  const { instance, service, host, pid, startedAt, connections, state, lane, modules, edges, leftOut } = value
  const ok =
    isToken(instance) &&
    isToken(service) &&
    typeof host === 'string' &&
    typeof pid === 'number' &&
    typeof startedAt === 'number' &&
    typeof connections === 'number' &&
    states.has(state as string) &&
    (lane === undefined || isLane(lane)) &&
    Array.isArray(modules) &&
    modules.every(isModule) &&
    Array.isArray(edges) &&
    edges.every(isEdge) &&
    Array.isArray(leftOut) &&
    leftOut.every(isLeftOut)
  return ok ? (value as unknown as InstanceReport) : undefined
}

// It becomes part of subjects.
const isToken = (value: unknown): boolean => typeof value === 'string' && /^[\w-]{1,128}$/.test(value)

function isLane(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { host, port } = value as { host?: unknown; port?: unknown }
  return typeof host === 'string' && Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536
}

function isEdge(value: unknown): value is EdgeHealth {
  if (typeof value !== 'object' || value === null) return false
  const { caller, module, breaker, answered, failed, retries } = value as EdgeHealth
  return (
    isToken(caller) &&
    isToken(module) &&
    (breaker === undefined || breakers.has(breaker)) &&
    [answered, failed, retries].every((count) => typeof count === 'number')
  )
}

function isLeftOut(value: unknown): value is LeftOut {
  if (typeof value !== 'object' || value === null) return false
  const { module, instance, backInMs } = value as LeftOut
  return isToken(module) && isToken(instance) && typeof backInMs === 'number'
}

function isModule(value: unknown): value is ModuleReport {
  if (typeof value !== 'object' || value === null) return false
  const { module, version, ...numbers } = value as ModuleReport
  return (
    isToken(module) &&
    typeof version === 'string' &&
    [numbers.running, numbers.queued, numbers.limit, numbers.lag, numbers.parked, numbers.deadLetters].every(
      (count) => typeof count === 'number',
    )
  )
}

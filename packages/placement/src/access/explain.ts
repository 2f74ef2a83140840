import type { AccessPlan, ServiceAccess } from './grants.js'

/** One line of the explanation: who may do what, and why. */
export interface AccessReason {
  readonly service: string
  readonly may: 'serve' | 'call' | 'route' | 'read' | 'publish' | 'reply'
  /** `inventory v1: reserve, level`, `the events of orders`, … */
  readonly what: string
  readonly because: readonly string[]
}

/** Every grant of a plan with its reason, for people; operations of a module under the same reasons are one line. */
export function explainAccess({ services }: AccessPlan): readonly AccessReason[] {
  return services.flatMap((access) => [
    ...access.serves.map(({ module, version, because }) => line(access, 'serve', `${module} ${version}`, because)),
    ...callsOf(access),
    ...access.routes.map(({ module, line: versions, because }) =>
      line(access, 'route', `raw routes of ${module} ${versions}`, because),
    ),
    ...access.reads.map(({ source, because }) => line(access, 'read', `the log of ${source}`, because)),
    ...access.publishes.map(({ module, because }) => line(access, 'publish', `the events of ${module}`, because)),
    ...access.replies.map(({ to, module, because }) => line(access, 'reply', `${to}, as ${module}`, because)),
  ])
}

function callsOf(access: ServiceAccess): AccessReason[] {
  const groups = new Map<string, { module: string; operations: string[]; because: readonly string[] }>()
  for (const { module, line: versions, operation, because } of access.calls) {
    const target = `${module} ${versions}`
    const key = JSON.stringify([target, because])
    const group = groups.get(key) ?? { module: target, operations: [], because }
    group.operations.push(operation)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ module, operations, because }) =>
    line(access, 'call', `${module}: ${operations.join(', ')}`, because),
  )
}

const line = (
  { service }: ServiceAccess,
  may: AccessReason['may'],
  what: string,
  because: readonly string[],
): AccessReason => ({ service, may, what, because })

import { isCompatible, isName, type ProblemReport, problemReport, routeIdentity } from '@banyan/contract'
import type { Problem } from '@banyan/errors'
import { type App, modulesOf } from './app.js'
import type { AnyModule } from './module-types.js'

/** Everything that keeps the modules of an app from working together; empty when they fit. */
export function checkWiring(app: App): readonly Problem[] {
  const modules = modulesOf(app)
  const appReport = problemReport(`app ${app.name}`)
  checkAppName(appReport, app.name)
  checkUniqueNames(appReport, modules)
  const byName = new Map(modules.map((module) => [module.name, module]))
  const problems = [...appReport.problems]
  for (const module of modules) {
    const report = problemReport(`module ${module.name}`)
    checkPartners(report, module, byName)
    problems.push(...report.problems)
  }
  const graphReport = problemReport(`app ${app.name}`)
  checkCircles(graphReport, byName)
  checkRoutes(graphReport, modules)
  return [...problems, ...graphReport.problems]
}

function checkAppName(report: ProblemReport, name: unknown): void {
  if (isName(name)) return
  report.add('name', {
    what: `${JSON.stringify(name)} is not a name for an app`,
    allowed: 'letters and digits, beginning with a small letter, at most 40',
    remedy: 'Rename it.',
  })
}

function checkUniqueNames(report: ProblemReport, modules: readonly AnyModule[]): void {
  const counts = new Map<string, number>()
  for (const { name } of modules) counts.set(name, (counts.get(name) ?? 0) + 1)
  for (const [name, count] of counts) {
    if (count === 1) continue
    report.add('modules', {
      what: `${count} modules have the name '${name}'`,
      allowed: 'one module per name',
      remedy: 'Rename a contract, or remove what was listed twice.',
    })
  }
}

function checkPartners(report: ProblemReport, module: AnyModule, byName: ReadonlyMap<string, AnyModule>): void {
  for (const group of ['uses', 'listens'] as const) {
    for (const [name, wanted] of Object.entries(module[group])) {
      const hosted = byName.get(name)
      if (hosted === undefined) {
        report.add(`${group}.${name}`, {
          what: `the app has no module '${name}'`,
          allowed:
            [...byName.keys()].filter((other) => other !== module.name).join(', ') || 'none: it is the only module',
          remedy: `Add '${name}' to defineApp, or take it out of ${group}.`,
        })
      } else if (!isCompatible(hosted.contract.version, wanted.version)) {
        report.add(`${group}.${name}`, {
          what: `it was built with version ${wanted.version} of '${name}', but the app has ${hosted.contract.version}`,
          allowed: compatibleVersions(wanted.version),
          remedy: `Bring '${name}' to such a version, or build '${module.name}' with the contract of the app.`,
        })
      }
    }
  }
}

function compatibleVersions(wanted: string): string {
  const [major = '0', minor = '0'] = wanted.split('.')
  if (wanted.includes('-')) return wanted
  return major === '0' ? `${wanted} or a later 0.${minor}` : `${wanted} or a later ${major}`
}

/**
 * Uses form no circle: with bounded pools, modules that call each other around a circle wait for each other for ever.
 * Each circle is reported once, beginning at its first module in the order of the app.
 */
function checkCircles(report: ProblemReport, byName: ReadonlyMap<string, AnyModule>): void {
  const done = new Set<string>()
  const reported = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    const start = path.indexOf(name)
    if (start >= 0) {
      const circle = path.slice(start)
      const identity = [...circle].sort().join(' ')
      if (!reported.has(identity)) addCircle(report, circle)
      reported.add(identity)
      return
    }
    if (done.has(name)) return
    for (const used of Object.keys(byName.get(name)?.uses ?? {})) {
      if (byName.has(used)) visit(used, [...path, name])
    }
    done.add(name)
  }
  for (const name of byName.keys()) visit(name, [])
}

function addCircle(report: ProblemReport, circle: readonly string[]): void {
  const [first = ''] = circle
  report.add('modules', {
    what: `modules use each other in a circle: ${[...circle, first].join(' -> ')}`,
    allowed: 'uses without circles; listening may go in circles',
    remedy: 'Let one of them listen to an event of the other instead of calling it.',
  })
}

function checkRoutes(report: ProblemReport, modules: readonly AnyModule[]): void {
  const taken = new Map<string, string>()
  for (const module of modules) {
    for (const { route, where } of routesOf(module)) {
      const other = taken.get(routeIdentity(route))
      if (other === undefined) taken.set(routeIdentity(route), where)
      else if (other !== where) {
        report.add(where, {
          what: `'${route.method} ${route.path}' is served by ${other} already`,
          allowed: 'one operation per method and path; names of parameters make no difference',
          remedy: 'Change one of the two routes.',
        })
      }
    }
  }
}

function routesOf({ name, contract, routes }: AnyModule) {
  const operations = [...Object.values(contract.commands), ...Object.values(contract.queries)]
  const served = operations.flatMap(({ name: operation, http }) =>
    http === undefined ? [] : [{ route: http, where: `${name}.${operation}` }],
  )
  const raw = Object.entries(routes).map(([text, route]) => ({ route, where: `${name}.routes['${text}']` }))
  return [...served, ...raw]
}

import { resolve } from 'node:path'
import { isBanyanError, type Problem } from '@banyan/errors'
import { checkWiring, modulesOf } from '@banyan/module'
import { checkEnvironment } from '@banyan/runtime'
import { readMigrations } from '@banyan/store-postgres'
import { logLevels } from './check.js'
import { policyProblems } from './check-policies.js'
import type { LoadedApp } from './load.js'
import { serviceProblems } from './services/topology.js'

/**
 * Every problem of an app that can be found without opening anything: wiring, settings, services, migration files.
 * @param hosts modules whose settings and migrations are looked at; default: all
 */
export function checkApp(
  { app, config, folder, file }: LoadedApp,
  environment: Readonly<Record<string, string | undefined>>,
  hosts?: readonly string[],
): Problem[] {
  const modules = modulesOf(app).filter(({ name }) => hosts === undefined || hosts.includes(name))
  return [
    ...checkWiring(app),
    ...environmentProblems(environment),
    ...checkEnvironment(modules, environment),
    ...modules.flatMap(({ migrations }) =>
      migrations === undefined ? [] : migrationProblems(resolve(folder, migrations)),
    ),
    ...(config.services === undefined ? [] : serviceProblems({ app, config, file })),
    ...policyProblems({ app, config, file }, environment),
  ]
}

function environmentProblems({
  PORT,
  PROBE_PORT,
  LOG_LEVEL,
  DATABASE_URL,
}: Readonly<Record<string, string | undefined>>): Problem[] {
  const problems: Problem[] = []
  const report = (where: string, what: string, allowed: string): void => {
    problems.push({ who: 'environment', where, what, allowed, remedy: 'correct the variable, or unset it' })
  }
  for (const [name, port] of Object.entries({ PORT, PROBE_PORT }))
    if (port !== undefined && !(/^\d+$/.test(port) && Number(port) <= 65_535))
      report(name, `is ${JSON.stringify(port)}`, 'a whole number from 0 to 65535')
  if (LOG_LEVEL !== undefined && !logLevels.includes(LOG_LEVEL))
    report('LOG_LEVEL', `is ${JSON.stringify(LOG_LEVEL)}`, logLevels.join(', '))
  // The value is not repeated: it holds a password.
  if (DATABASE_URL && !/^postgres(ql)?:\/\//.test(DATABASE_URL))
    report('DATABASE_URL', 'is not the URL of a PostgreSQL', 'postgresql://user:password@host:5432/database')
  return problems
}

function migrationProblems(folder: string): readonly Problem[] {
  try {
    readMigrations(folder)
    return []
  } catch (error) {
    if (!isBanyanError(error)) throw error
    const details = error.details as { problems?: readonly Problem[] } | undefined
    return details?.problems ?? [{ who: folder, where: 'migrations', what: error.message, remedy: 'correct the files' }]
  }
}

import { createAmbient } from '@banyan/ambient'
import { formatProblem, isBanyanError, type Problem } from '@banyan/errors'
import { appDatabase, checkApp, hasDatabase, type LoadedApp } from '@banyan/host'
import { modulesOf } from '@banyan/module'
import { databaseSum } from '@banyan/store-postgres'
import type { Command } from 'commander'
import { exitCodes } from '../output.js'
import { type CommonOptions, load, runCommand, toolLogger } from '../session.js'

interface CheckOptions extends CommonOptions {
  readonly database: boolean
}

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('check contracts, wiring, configuration and migrations: every problem at once')
    .option('--no-database', 'leave the database alone')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>()
      return runCommand(options, async (output) => {
        const loaded = await load(options)
        const { app } = loaded
        const names = modulesOf(app).map(({ contract }) => `${contract.name} ${contract.version}`)
        const wiring = checkApp(loaded, process.env)
        // Files that cannot be read as migrations need not be tried.
        const database: DatabaseCheck =
          wiring.length > 0
            ? { state: 'skipped', why: 'other problems come first' }
            : await checkDatabase(loaded, options)
        const problems = [...wiring, ...(database.state === 'checked' ? database.problems : [])]
        const lines =
          problems.length === 0
            ? [`✓ ${app.name}: ${names.length} modules fit together (${names.join(', ')})`, databaseLine(database)]
            : [
                `✗ ${app.name}: ${problems.length} problem${problems.length === 1 ? '' : 's'}`,
                ...problems.map(formatProblem),
              ]
        output.result({ app: app.name, modules: names, database, problems }, lines.join('\n'))
        return problems.length === 0 ? exitCodes.done : exitCodes.problems
      })
    })
}

type DatabaseCheck =
  | { readonly state: 'checked'; readonly problems: readonly Problem[] }
  | { readonly state: 'skipped'; readonly why: string }

/** Whether the migrations, applied one after the other, make what is in the database. */
async function checkDatabase(loaded: LoadedApp, { database: wanted }: CheckOptions): Promise<DatabaseCheck> {
  if (!wanted) return { state: 'skipped', why: '--no-database' }
  if (!hasDatabase({ ...loaded, environment: process.env })) return { state: 'skipped', why: 'there is none yet' }
  const ambient = createAmbient()
  const opened = await appDatabase(loaded, process.env, toolLogger(), true)
  try {
    const { connection, modules } = opened
    const problems = await databaseSum({ app: loaded.app.name, connection, modules, now: () => ambient.now() })
    return { state: 'checked', problems }
  } catch (error) {
    // A user without the right to create databases can do everything else.
    if (isBanyanError(error, 'store-privileges')) return { state: 'skipped', why: error.message }
    throw error
  } finally {
    await opened.close()
  }
}

function databaseLine(database: DatabaseCheck): string {
  return database.state === 'checked'
    ? '✓ the sum of the migrations is what the database holds'
    : `  the database was not checked: ${database.why}`
}

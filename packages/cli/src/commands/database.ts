import { createAmbient } from '@banyan/ambient'
import { formatProblem } from '@banyan/errors'
import { appDatabase, databaseStatus } from '@banyan/host'
import { createLogger } from '@banyan/runtime'
import { type PromoteProgress, promote } from '@banyan/store-postgres'
import type { Command } from 'commander'
import { exitCodes, type Output, table } from '../output.js'
import { type CommonOptions, load, runCommand, withApp } from '../session.js'

export function addDatabase(program: Command): void {
  const database = program.command('db').description('the database: migrations, promotion to a server, subscriptions')
  database
    .command('status')
    .description('migrations of every module: applied, pending, edited, missing; and what differs from them')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      return runCommand(options, (output) => status(options, output))
    })
  database
    .command('migrate')
    .description('apply pending migrations without starting the app')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      // Opening the store is what applies them.
      return runCommand(options, (output) =>
        withApp(options, async ({ runtime }) => {
          output.result({ migrated: [...runtime.contracts.keys()] }, `✓ ${runtime.contracts.size} modules are migrated`)
          return exitCodes.done
        }),
      )
    })
  database
    .command('promote')
    .description('copy the embedded database to an empty PostgreSQL server, verified table by table; resumable')
    .argument('<url>', 'postgresql://user@host/database; the password may come from PGPASSWORD')
    .action((url: string, _, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      return runCommand(options, (output) => promoteTo(url, options, output))
    })
  addResetSubscription(database)
}

async function status(options: CommonOptions, output: Output): Promise<number> {
  const all = await databaseStatus(await load(options), process.env, createLogger({ level: 'warn' }))
  const rows = all.flatMap(({ module, migrations }) =>
    migrations.map(({ number, name, state }) => [module, String(number).padStart(4, '0'), name, state]),
  )
  const problems = all.flatMap((one) => one.problems)
  output.result(all, [table([['MODULE', 'NO', 'NAME', 'STATE'], ...rows]), ...problems.map(formatProblem)].join('\n'))
  return problems.length === 0 ? exitCodes.done : exitCodes.problems
}

async function promoteTo(url: string, options: CommonOptions, output: Output): Promise<number> {
  const loaded = await load(options)
  const database = await appDatabase(loaded, process.env, createLogger({ level: 'warn' }))
  try {
    const result = await promote({
      source: database.connection,
      target: { connectionString: url },
      app: loaded.app.name,
      modules: database.modules,
      ...(process.env.BANYAN_STORE_SECRET ? { secret: process.env.BANYAN_STORE_SECRET } : {}),
      ambient: createAmbient(),
      onProgress: progressOf(output),
    })
    const rows = result.tables.reduce((sum, one) => sum + one.rows, 0)
    output.result(
      result,
      `✓ ${result.tables.length} tables with ${rows} rows are on the server, counts and checksums equal.\n  Start the app with DATABASE_URL set to it.`,
    )
    return exitCodes.done
  } finally {
    await database.close()
  }
}

function progressOf(output: Output): (progress: PromoteProgress) => void {
  let last = ''
  return ({ phase, table: name, tablesDone, tablesTotal }) => {
    const line = `  ${phase}${name === undefined ? '' : ` ${name}`} (${tablesDone} of ${tablesTotal} tables)`
    if (line !== last) output.note(line)
    last = line
  }
}

function addResetSubscription(database: Command): void {
  database
    .command('reset-subscription')
    .description('decide where a subscription goes on, after its source was restored or to read history again')
    .argument('<module>', 'the subscribing module')
    .argument('<source>', 'the module whose events it handles')
    .requiredOption('--from <where>', 'beginning, now, or a time (ISO 8601)')
    .action((module: string, source: string, _, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { from: string }>()
      return runCommand(options, async (output) => {
        await withApp(options, async ({ store }) => {
          const { log } = store.module(source)
          const heads = await log.heads()
          const positions =
            options.from === 'now'
              ? heads.positions
              : options.from === 'beginning'
                ? heads.positions.map(() => 0)
                : await log.positionsBefore(Date.parse(options.from))
          await store.module(module).subscriptions.reset({ subscription: 'on', source }, { ...heads, positions })
        })
        output.result({ module, source, from: options.from }, `✓ ${module} goes on with ${source} from ${options.from}`)
        return exitCodes.done
      })
    })
}

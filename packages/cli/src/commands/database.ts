import { createAmbient } from '@banyan/ambient'
import { banyanError, formatProblem } from '@banyan/errors'
import { appDatabase, storeSecret } from '@banyan/host'
import type { LaneProgress, LogHeads, ModuleStore } from '@banyan/runtime'
import {
  type DatabaseOptions,
  databasePlan,
  databaseStatus,
  forgetDatabasePromotion,
  formatDifference,
  type MigratedModule,
  type MigrationPlan,
  migrateDatabase,
  type PromoteProgress,
  promote,
} from '@banyan/store-postgres'
import type { Command } from 'commander'
import { exitCodes, type Output, table } from '../output.js'
import { type CommonOptions, load, runCommand, toolLogger, withApp } from '../session.js'

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
    .option('--dry-run', 'only show the statements that would run')
    .option('--accept-drift', 'take the schema as it is now for what the migrations make')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<MigrateOptions>()
      return runCommand(options, (output) => (options.dryRun ? plan(options, output) : migrate(options, output)))
    })
  database
    .command('promote')
    .description('copy the embedded database to an empty PostgreSQL server, verified table by table; resumable')
    .argument('[url]', 'postgresql://user@host/database; the password may come from PGPASSWORD')
    .option('--forget', 'let the app start again on the database that it was promoted away from')
    .action((url: string | undefined, _, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { forget?: boolean }>()
      return runCommand(options, (output) => {
        if (options.forget) return forget(options, output)
        if (url === undefined)
          throw banyanError('unknown-command', { summary: 'name the server to promote to, or say --forget' })
        return promoteTo(url, options, output)
      })
    })
  addResetSubscription(database)
}

interface MigrateOptions extends CommonOptions {
  readonly dryRun?: boolean
  readonly acceptDrift?: boolean
}

/** Runs an action against the database of the app, as a guest of the app where that runs. */
async function withDatabase<T>(
  options: CommonOptions,
  action: (database: DatabaseOptions) => Promise<T>,
  guest = true,
): Promise<T> {
  const loaded = await load(options)
  const database = await appDatabase(loaded, process.env, toolLogger(), guest)
  try {
    return await action({ app: loaded.app.name, connection: database.connection, modules: database.modules })
  } finally {
    await database.close()
  }
}

async function status(options: CommonOptions, output: Output): Promise<number> {
  const all = await withDatabase(options, databaseStatus)
  const rows = all.flatMap(({ module, migrations }) =>
    migrations.map(({ number, name, state }) => [module, numbered(number), name, state]),
  )
  const problems = all.flatMap((one) => one.problems)
  const text = [
    rows.length === 0 ? 'no module has migrations' : table([['MODULE', 'NO', 'NAME', 'STATE'], ...rows]),
    ...problems.map(formatProblem),
  ]
  output.result(all, text.join('\n'))
  return problems.length === 0 ? exitCodes.done : exitCodes.problems
}

async function plan(options: CommonOptions, output: Output): Promise<number> {
  const plans = (await withDatabase(options, databasePlan)).filter(({ pending }) => pending.length > 0)
  output.result(plans, plans.length === 0 ? '✓ nothing to apply' : plans.map(planText).join('\n'))
  return exitCodes.done
}

function planText({ module, pending }: MigrationPlan): string {
  return pending
    .map(({ number, name, statements }) =>
      [`-- ${module} ${numbered(number)} ${name}`, ...statements.map(({ text }) => `${text};`)].join('\n'),
    )
    .join('\n')
}

async function migrate(options: MigrateOptions, output: Output): Promise<number> {
  const ambient = createAmbient()
  const done = await withDatabase(options, (database) =>
    migrateDatabase({
      ...database,
      ...storeSecret(process.env),
      now: () => ambient.now(),
      drift: options.acceptDrift ? 'accept' : 'refuse',
    }),
  )
  const applied = done.reduce((sum, one) => sum + one.applied.length, 0)
  const lines = done.flatMap(migratedLines)
  output.result(done, [...lines, `✓ ${done.length} modules are up to date, ${applied} migrations applied`].join('\n'))
  return exitCodes.done
}

function migratedLines({ module, applied, drift }: MigratedModule): string[] {
  return [
    ...applied.map(({ number, name }) => `  ${module} ${numbered(number)} ${name}`),
    ...drift.map((difference) => `  ${module} accepted: ${difference.part} ${formatDifference(difference)}`),
  ]
}

const numbered = (number: number): string => String(number).padStart(4, '0')

async function forget(options: CommonOptions, output: Output): Promise<number> {
  const forgotten = await withDatabase(options, ({ connection, app }) => forgetDatabasePromotion(connection, app))
  output.result(
    { forgotten },
    forgotten
      ? '✓ the app starts again on this database; what was written on the server since is not here'
      : 'this database was not promoted away: nothing to forget',
  )
  return exitCodes.done
}

async function promoteTo(url: string, options: CommonOptions, output: Output): Promise<number> {
  const own = (database: DatabaseOptions) =>
    promote({
      source: database.connection,
      target: { connectionString: url },
      app: database.app,
      modules: database.modules,
      ...storeSecret(process.env),
      ambient: createAmbient(),
      onProgress: progressOf(output),
    })
  const result = await withDatabase(options, own, false)
  const rows = result.tables.reduce((sum, one) => sum + one.rows, 0)
  output.result(
    result,
    `✓ ${result.tables.length} tables with ${rows} rows are on the server, counts and checksums equal.\n  Start the app with DATABASE_URL set to it.`,
  )
  return exitCodes.done
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
    .requiredOption(
      '--from <where>',
      'beginning, now, a time (ISO 8601), or stored: where it stands, in the log as it is now',
    )
    .action((module: string, source: string, _, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions & { from: string }>()
      return runCommand(options, async (output) => {
        const where = startOf(options.from)
        await withApp(options, async ({ store, runtime }) => {
          for (const name of [module, source])
            if (!runtime.contracts.has(name)) throw banyanError('unknown-module', { module: name })
          const key = { subscription: 'on', source }
          const { subscriptions } = store.module(module)
          const progress = await subscriptions.progress(key)
          if (progress.length === 0) throw banyanError('not-found', { what: `subscription of ${module} to ${source}` })
          const heads = await store.module(source).log.heads()
          // Never a silent skip: what was handled must be in the log (delivery.md L4).
          if (where === 'stored' && progress.some(({ lane, position }) => position > (heads.positions[lane] as number)))
            throw banyanError('log-diverged', { source, subscriber: module })
          await subscriptions.reset(key, await positionsFrom(store.module(source), where, heads, progress))
        })
        output.result({ module, source, from: options.from }, `✓ ${module} goes on with ${source} from ${options.from}`)
        return exitCodes.done
      })
    })
}

type Where = 'beginning' | 'now' | 'stored' | number

function startOf(from: string): Where {
  if (from === 'beginning' || from === 'now' || from === 'stored') return from
  const time = Date.parse(from)
  if (Number.isNaN(time))
    throw banyanError('unknown-command', {
      summary: `--from takes beginning, now, stored, or a time such as 2026-01-31T12:00:00Z, not ${from}`,
    })
  return time
}

async function positionsFrom(
  { log }: ModuleStore,
  where: Where,
  heads: LogHeads,
  progress: readonly LaneProgress[],
): Promise<LogHeads> {
  if (where === 'now') return heads
  if (where === 'beginning') return { ...heads, positions: heads.positions.map(() => 0) }
  if (where !== 'stored') return { ...heads, positions: await log.positionsBefore(where) }
  const positions = [...heads.positions]
  for (const { lane, position } of progress) positions[lane] = position
  return { ...heads, positions }
}

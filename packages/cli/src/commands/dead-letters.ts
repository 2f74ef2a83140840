import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { createAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import type { RunningApp } from '@banyan/host'
import type { DeadLetter, DeadLetterFilter, ParkedEvent } from '@banyan/runtime'
import type { Command } from 'commander'
import { table } from '../output.js'
import { type CommonOptions, runCommand, withApp } from '../session.js'

interface FilterOptions extends CommonOptions {
  readonly source?: string
  readonly type?: string
  readonly key?: string
  readonly all?: boolean
  readonly limit?: string
  readonly parked?: boolean
  readonly data?: string
}

/** Adds `dead-letters` with its verbs. Every verb names the module whose letters are meant. */
export function addDeadLetters(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('messages that failed for good: list, inspect, edit, resubmit, drop')
  const filtered = (name: string, description: string): Command =>
    letters
      .command(name)
      .description(description)
      .option('--source <module>', 'only events of this module, or jobs that call it')
      .option('--type <name>', 'only this event or operation')
      .option('--key <key>', 'only this key')
  addList(filtered('list', 'list dead letters, newest first'))
  letters
    .command('show')
    .description('one dead letter, whole')
    .argument('<module>')
    .argument('<id>')
    .action((module: string, id: string, _, command: Command) =>
      act(command, module, async (running) => {
        const letter = await store(running, module).get(id)
        if (!letter) throw banyanError('not-found', { what: `dead letter ${id} of ${module}` })
        return { value: readable(letter), text: JSON.stringify(readable(letter), null, 2) }
      }),
    )
  letters
    .command('edit')
    .description('change the data of a dead letter; the original is kept, the edit is audited')
    .argument('<module>')
    .argument('<id>')
    .requiredOption('--data <json>', 'new data as JSON, or @file')
    .action((module: string, id: string, _, command: Command) =>
      act(command, module, async (running, options) => {
        const text = options.data?.startsWith('@') ? readFileSync(options.data.slice(1), 'utf8') : (options.data ?? '')
        const data = JSON.stringify(parse(text))
        if (!(await store(running, module).edit(id, data, operator())))
          throw banyanError('not-found', { what: `dead letter ${id} of ${module}` })
        return {
          value: { edited: id },
          text: `edited ${id}; resubmit it with: banyan dead-letters resubmit ${module} ${id}`,
        }
      }),
    )
  addMany(filtered('resubmit', 'handle dead letters again'), 'resubmitted', (running, module, filter) =>
    store(running, module).resubmit(filter, operator()),
  )
  addMany(filtered('drop', 'give dead letters up for good'), 'dropped', (running, module, filter) =>
    store(running, module).drop(filter, operator()),
  )
}

function addList(command: Command): void {
  command
    .argument('[module]', 'the module whose letters; absent: all')
    .option('--limit <count>', 'at most so many of each module', '50')
    .option('--parked', 'events that failed and will be tried again')
    .action((module: string | undefined, _, self: Command) =>
      act(self, module, async (running, options) => {
        const modules = module === undefined ? [...running.runtime.contracts.keys()] : [module]
        const limit = Number(options.limit)
        const found: (DeadLetter | ParkedEvent)[] = []
        for (const name of modules) {
          const own = running.store.module(name)
          found.push(
            ...(options.parked
              ? await own.subscriptions.listParked({
                  ...(options.source === undefined ? {} : { source: options.source }),
                  limit,
                })
              : await own.deadLetters.list(filterOf(options), { limit })),
          )
        }
        const rows = found.map((letter) => [
          letter.id,
          `${letter.source}.${letter.type}`,
          letter.key ?? '',
          `${letter.attempts} attempts`,
          errorText(letter.error),
        ])
        return {
          value: found,
          text:
            rows.length === 0
              ? options.parked
                ? 'no parked events'
                : 'no dead letters'
              : table([['ID', 'WHAT', 'KEY', 'TRIED', 'ERROR'], ...rows]),
        }
      }),
    )
}

function addMany(
  command: Command,
  done: string,
  action: (running: RunningApp, module: string, filter: DeadLetterFilter) => Promise<number>,
): void {
  command
    .argument('<module>')
    .argument('[ids...]')
    .option('--all', 'all that the filter meets')
    .action((module: string, ids: string[], _, self: Command) =>
      act(self, module, async (running, options) => {
        if (ids.length === 0 && !options.all)
          throw banyanError('unknown-command', { summary: 'name the ids, or say --all' })
        const count = await action(running, module, { ...filterOf(options), ...(ids.length > 0 ? { ids } : {}) })
        return { value: { [done]: count }, text: `${done} ${count}` }
      }),
    )
}

function act(
  command: Command,
  module: string | undefined,
  action: (running: RunningApp, options: FilterOptions) => Promise<{ value: unknown; text: string }>,
): Promise<void> {
  const options = command.optsWithGlobals<FilterOptions>()
  return runCommand(options, async (output) => {
    const { value, text } = await withApp(options, (running) => {
      if (module !== undefined && !running.runtime.contracts.has(module))
        throw banyanError('unknown-module', { module })
      return action(running, options)
    })
    output.result(value, text)
    return 0
  })
}

function filterOf({ source, type, key }: FilterOptions): DeadLetterFilter {
  return {
    ...(source === undefined ? {} : { source }),
    ...(type === undefined ? {} : { type }),
    ...(key === undefined ? {} : { key }),
  }
}

const store = (running: RunningApp, module: string) => running.store.module(module).deadLetters
const operator = () => ({ name: userInfo().username, at: createAmbient().now() })

function readable(letter: DeadLetter): object {
  return {
    ...letter,
    data: parse(letter.data),
    context: parse(letter.context),
    error: parse(letter.error),
    diedAt: new Date(letter.diedAt).toISOString(),
  }
}

function errorText(error: string | undefined): string {
  if (error === undefined) return ''
  const { code, message } = JSON.parse(error) as { code?: string; message?: string }
  return `${code ?? ''} ${message ?? ''}`.trim().slice(0, 100)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw banyanError('unknown-command', { summary: `the data is not JSON: ${(error as Error).message}` })
  }
}

import type { AnyContract } from '@banyan/contract'
import { BanyanError, banyanError } from '@banyan/errors'
import type { Command } from 'commander'
import { exitCodes } from '../output.js'
import { type CommonOptions, runCommand, withApp } from '../session.js'

interface CallOptions extends CommonOptions {
  readonly id?: string
  readonly timeout?: string
  readonly as?: string
  readonly permission?: string[]
}

export function addCall(program: Command): void {
  program
    .command('call')
    .description('call a command or query: banyan call orders.byId \'{"orderId":"…"}\'')
    .argument('<operation>', 'module.operation')
    .argument('[input]', 'input as JSON')
    .option('--id <id>', 'command id: the same id again returns the recorded outcome')
    .option('--timeout <ms>', 'how long to wait')
    .option('--as <subject>', 'identity of the caller')
    .option('--permission <name...>', 'permissions of the identity')
    .action((operation: string, input: string | undefined, _, command: Command) => {
      const options = command.optsWithGlobals<CallOptions>()
      return runCommand(options, async (output) => {
        const [module, name, ...rest] = operation.split('.')
        if (!module || !name || rest.length > 0)
          throw banyanError('unknown-command', { summary: `${operation} is not module.operation` })
        const call = { module, operation: name, input: parseInput(input), ...settingsOf(options) }
        const outcome = await withApp(options, ({ runtime }) => {
          refuseUnknown(runtime.contracts, module, name)
          return runtime.execute(call)
        })
        if (outcome.ok) output.result(outcome, JSON.stringify(outcome.value ?? null, null, 2))
        else if (options.json) output.result(outcome, '')
        else output.failure(new BanyanError(outcome.error))
        return outcome.ok ? exitCodes.done : exitCodes.failed
      })
    })
}

function settingsOf({ id, timeout, as, permission }: CallOptions) {
  const timeoutMs = Number(timeout ?? 0)
  if (timeout !== undefined && !(timeoutMs > 0))
    throw banyanError('unknown-command', { summary: `--timeout takes milliseconds, not ${timeout}` })
  return {
    ...(id === undefined ? {} : { id }),
    ...(timeout === undefined ? {} : { timeoutMs }),
    ...(as === undefined ? {} : { identity: { subject: as, permissions: permission ?? [] } }),
  }
}

/** Says what there is: who mistypes a name wants to know the right one. */
function refuseUnknown(contracts: ReadonlyMap<string, AnyContract>, module: string, name: string): void {
  const contract = contracts.get(module)
  if (!contract)
    throw banyanError('unknown-command', {
      summary: `there is no module ${module}; there are ${[...contracts.keys()].join(', ')}`,
    })
  const operations = [...Object.keys(contract.commands), ...Object.keys(contract.queries)]
  if (!operations.includes(name))
    throw banyanError('unknown-command', {
      summary: `${module} has no operation ${name}; it has ${operations.join(', ') || 'none'}`,
    })
}

function parseInput(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw banyanError('unknown-command', { summary: `the input is not JSON: ${(error as Error).message}` })
  }
}

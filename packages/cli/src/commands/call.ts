import { banyanError } from '@banyan/errors'
import type { Command } from 'commander'
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
        const value = parseInput(input)
        const outcome = await withApp(options, ({ runtime }) =>
          runtime.execute({
            module,
            operation: name,
            input: value,
            ...(options.id === undefined ? {} : { id: options.id }),
            ...(options.timeout === undefined ? {} : { timeoutMs: Number(options.timeout) }),
            ...(options.as === undefined
              ? {}
              : { identity: { subject: options.as, permissions: options.permission ?? [] } }),
          }),
        )
        output.result(outcome, JSON.stringify(outcome.ok ? (outcome.value ?? null) : outcome.error, null, 2))
        return outcome.ok ? 0 : 1
      })
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

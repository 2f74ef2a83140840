import { diagnose } from '@banyan/host'
import { createLogger } from '@banyan/runtime'
import type { Command } from 'commander'
import { exitCodes } from '../output.js'
import { type CommonOptions, runCommand } from '../session.js'

export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('try everything the app needs, step by step: Node, configuration, database, connections, broker, port')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      return runCommand(options, async (output) => {
        const findings = await diagnose({
          folder: process.cwd(),
          environment: process.env,
          logger: createLogger({ level: 'silent' }),
          ...(options.config === undefined ? {} : { file: options.config }),
        })
        const signs = { good: '✓', warning: '!', bad: '✗' } as const
        const text = findings
          .map(
            ({ state, what, remedy }) =>
              `${signs[state]} ${what}${remedy === undefined ? '' : `\n    remedy: ${remedy}`}`,
          )
          .join('\n')
        output.result(findings, text)
        return findings.some(({ state }) => state === 'bad') ? exitCodes.problems : exitCodes.done
      })
    })
}

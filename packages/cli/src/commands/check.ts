import { formatProblem } from '@banyan/errors'
import { checkApp } from '@banyan/host'
import { modulesOf } from '@banyan/module'
import type { Command } from 'commander'
import { exitCodes } from '../output.js'
import { type CommonOptions, load, runCommand } from '../session.js'

export function addCheck(program: Command): void {
  program
    .command('check')
    .description('check contracts, wiring, configuration and migrations: every problem at once')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      return runCommand(options, async (output) => {
        const loaded = await load(options)
        const problems = await checkApp(loaded, process.env)
        const names = modulesOf(loaded.app).map(({ contract }) => `${contract.name} ${contract.version}`)
        const summary =
          problems.length === 0
            ? `✓ ${loaded.app.name}: ${names.length} modules fit together (${names.join(', ')})`
            : `✗ ${loaded.app.name}: ${problems.length} problem(s)\n${problems.map(formatProblem).join('\n')}`
        output.result({ app: loaded.app.name, modules: names, problems }, summary)
        return problems.length === 0 ? exitCodes.done : exitCodes.problems
      })
    })
}

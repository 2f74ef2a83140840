import { Command } from 'commander'
import { addAccess } from './commands/access.js'
import { addCall } from './commands/call.js'
import { addCheck } from './commands/check.js'
import { addContract } from './commands/contract.js'
import { addDatabase } from './commands/database.js'
import { addDeadLetters } from './commands/dead-letters.js'
import { addDev } from './commands/dev.js'
import { addDoctor } from './commands/doctor.js'
import { addServe } from './commands/serve.js'
import { addServices } from './commands/services.js'
import { addStart } from './commands/start.js'
import { addUp } from './commands/up.js'
import { exitCodes } from './output.js'

/** The command line with all its verbs. */
export function createProgram(version: string): Command {
  const program = new Command('banyan')
  program
    .description('Modules with contracts: one process on a laptop, many services in production')
    .version(version)
    .option('--config <file>', 'configuration; default: banyan.config.ts here')
    .option('--json', 'results and errors as JSON')
    .showHelpAfterError('(banyan --help shows what there is)')
    .exitOverride((error) => {
      process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
      throw error
    })
  for (const add of [
    addDev,
    addStart,
    addUp,
    addServe,
    addServices,
    addCheck,
    addCall,
    addDeadLetters,
    addDatabase,
    addContract,
    addAccess,
    addDoctor,
  ])
    add(program)
  return program
}

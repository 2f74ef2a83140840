import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { contractText, emitClient, emitContract } from '@banyan/contract'
import { banyanError } from '@banyan/errors'
import { modulesOf } from '@banyan/module'
import type { Command } from 'commander'
import { type CommonOptions, load, runCommand } from '../session.js'

interface EmitOptions extends CommonOptions {
  readonly out?: string
  readonly client?: boolean
}

export function addContract(program: Command): void {
  program
    .command('contract')
    .description('contracts as documents')
    .command('emit')
    .description('write contracts as JSON, or as a schema-free client for browsers')
    .argument('[modules...]', 'absent: all')
    .option('--out <folder>', 'write files there; absent: to the output')
    .option('--client', 'a typed client instead of JSON')
    .action((modules: string[], _, command: Command) => {
      const options = command.optsWithGlobals<EmitOptions>()
      return runCommand(options, async (output) => {
        const { app } = await load(options)
        const known = new Map(modulesOf(app).map(({ contract }) => [contract.name, contract]))
        for (const name of modules) if (!known.has(name)) throw banyanError('unknown-module', { module: name })
        const chosen = [...known.values()].filter(({ name }) => modules.length === 0 || modules.includes(name))
        const texts = chosen.map((contract) => ({
          name: `${contract.name}.${options.client ? 'client.ts' : 'contract.json'}`,
          text: options.client ? emitClient(contract) : contractText(emitContract(contract)),
        }))
        if (options.out === undefined)
          output.result(chosen.map(emitContract), texts.map(({ text }) => text.trimEnd()).join('\n'))
        else {
          mkdirSync(options.out, { recursive: true })
          for (const { name, text } of texts) writeFileSync(join(options.out, name), text)
          output.result(
            texts.map(({ name }) => name),
            texts.map(({ name }) => `wrote ${join(options.out as string, name)}`).join('\n'),
          )
        }
        return 0
      })
    })
}

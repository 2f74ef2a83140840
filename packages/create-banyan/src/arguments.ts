import { parseArgs } from 'node:util'
import { Refusal } from './refusal.js'

/** What the command line said; what it did not say is asked, or taken as the default. */
export interface Arguments {
  readonly folder?: string
  readonly name?: string
  readonly yes: boolean
  readonly git?: boolean
  readonly install?: boolean
  readonly help: boolean
  readonly version: boolean
}

export const help = `npm create banyan [folder] -- [options]

Makes a small project of two modules with a test that runs at once.

  folder         where; made when it is not there, refused when it holds something
  --name <name>  name of the app; default: that of the folder
  --yes, -y      ask nothing, take the defaults
  --no-git       no git repository
  --no-install   do not install dependencies
  --help, -h     this
  --version      version of create-banyan

npm takes options for itself unless they follow a --:
  npm create banyan my-shop -- --yes
`

/** @throws Refusal when an option is unknown */
export function readArguments(values: readonly string[]): Arguments {
  const { values: options, positionals } = parse(values)
  if (positionals.length > 1) throw new Refusal(`One folder, please, instead of ${positionals.join(', ')}. See --help.`)
  const [folder] = positionals
  return {
    ...(folder === undefined ? {} : { folder }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(options.git === undefined ? {} : { git: options.git }),
    ...(options.install === undefined ? {} : { install: options.install }),
    yes: options.yes ?? false,
    help: options.help ?? false,
    version: options.version ?? false,
  }
}

function parse(values: readonly string[]) {
  try {
    return parseArgs({
      args: [...values],
      allowPositionals: true,
      allowNegative: true,
      options: {
        name: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        git: { type: 'boolean' },
        install: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean' },
      },
    })
  } catch (error) {
    throw new Refusal(`${(error as Error).message.split('. ')[0]}. See --help.`)
  }
}

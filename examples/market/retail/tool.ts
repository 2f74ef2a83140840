import { resolve } from 'node:path'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import { isBanyanError } from 'banyan'
import { Told } from './told.js'

type Options = NonNullable<ParseArgsConfig['options']>

/** What was written on the command line. */
export interface Given {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  /** Absolute path of the file that was named. */
  readonly file: string
}

/** A mistake on the command line. */
export class WrongUse extends Told {}

/**
 * Runs a command that is given one file. Mistakes of its user are told in a line, not by a stack of calls: 2 for wrong
 * use, 1 for what went wrong.
 */
export async function runTool(help: string, options: Options, main: (given: Given) => Promise<number>): Promise<void> {
  try {
    const { values, positionals } = read(options)
    const [named, more] = positionals
    if (values.help) {
      console.log(help)
      return
    }
    if (named === undefined || more !== undefined)
      throw new WrongUse(named === undefined ? 'which FILE?' : `one FILE, not ${positionals.length}`)
    // npm runs scripts in the folder of the example; the file was named where the user stood.
    process.exitCode = await main({
      values: values as Given['values'],
      file: resolve(process.env.INIT_CWD ?? process.cwd(), named),
    })
  } catch (error) {
    if (error instanceof WrongUse) {
      console.error(`✗ ${error.message}\n\n${help}`)
      process.exitCode = 2
    } else if (error instanceof Told || isBanyanError(error)) {
      console.error(`✗ ${(error as Error).message}`)
      process.exitCode = 1
    } else throw error
  }
}

function read(options: Options) {
  try {
    return parseArgs({ allowPositionals: true, options: { ...options, help: { type: 'boolean' } } })
  } catch (error) {
    throw new WrongUse((error as Error).message)
  }
}

/** A whole number from the command line; undefined when it was not given. */
export function wholeNumber({ values }: Given, name: string, least: number): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  if (typeof text !== 'string' || !/^\d{1,9}$/.test(text) || Number(text) < least)
    throw new WrongUse(`--${name} is a whole number from ${least} on, not '${text}'`)
  return Number(text)
}

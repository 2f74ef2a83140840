#!/usr/bin/env node
import '@oxc-node/core/register'
import { readFileSync } from 'node:fs'
import { CommanderError } from 'commander'
import { createProgram } from './program.js'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }

try {
  await createProgram(version).parseAsync()
} catch (error) {
  // Commander has said what is wrong and set the exit code.
  if (!(error instanceof CommanderError)) throw error
}

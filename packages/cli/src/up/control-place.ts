import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Where the socket of a running `up` is, as it says in a file of the app's folder. */
export interface ControlPlace {
  readonly pid: number
  readonly socket: string
}

/** In the app's folder; undefined where the platform allows no socket there. */
function nearSocket(folder: string): string | undefined {
  const near = join(folder, '.banyan', 'up.sock')
  return process.platform !== 'win32' && Buffer.byteLength(near) <= socketPathMaxBytes ? near : undefined
}

/** Where an `up` of a folder may have left a socket: where it said so, and where it had not come to say so. */
export function leftSockets(folder: string): readonly string[] {
  const places = [readControlPlace(folder)?.socket, nearSocket(folder)]
  return [...new Set(places.filter((place) => place !== undefined))]
}

// What the platforms allow for the path of a Unix socket (sun_path), less the byte that ends it.
const socketPathMaxBytes = 103

const placeFile = (folder: string): string => join(folder, '.banyan', 'up.json')

/** Where the `up` of a folder says that its socket is; undefined where none said so. It may have been killed since. */
export function readControlPlace(folder: string): ControlPlace | undefined {
  try {
    const { pid, socket } = JSON.parse(readFileSync(placeFile(folder), 'utf8')) as Partial<ControlPlace>
    return typeof pid === 'number' && typeof socket === 'string' ? { pid, socket } : undefined
  } catch {
    return undefined // none, or one that was not written to its end: nobody listens then
  }
}

/** Chooses where the socket will be: in the app's folder, or in a private one where its path would be too long. */
export function chooseControlPlace(folder: string, pid: number): ControlPlace {
  mkdirSync(join(folder, '.banyan'), { recursive: true })
  if (process.platform === 'win32') return { pid, socket: `\\\\.\\pipe\\banyan-up-${pid}` }
  const near = nearSocket(folder)
  if (near !== undefined) return { pid, socket: near }
  return { pid, socket: join(mkdtempSync(join(tmpdir(), 'banyan-up-')), 'up.sock') }
}

/** Says where the socket is, now that somebody listens. */
export function writeControlPlace(folder: string, place: ControlPlace): void {
  const file = placeFile(folder)
  writeFileSync(`${file}.new`, JSON.stringify(place), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

/** Removes what is left of an `up`: its socket, and what says where it is. */
export function removeControlPlace(folder: string, socket: string): void {
  if (process.platform !== 'win32') {
    rmSync(socket, { force: true })
    const parent = dirname(socket)
    if (parent !== join(folder, '.banyan') && parent.startsWith(join(tmpdir(), 'banyan-up-')))
      rmSync(parent, { recursive: true, force: true })
  }
  rmSync(placeFile(folder), { force: true })
}

import { closeSync, openSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { systemCode } from './failures.js'

/**
 * A socket that listens as long as its process lives, and that the kernel closes when it dies. It answers whether an
 * owner lives where process ids do not: across containers that share a folder.
 */
export interface Doorbell {
  remove(): Promise<void>
}

// The smallest limit of all platforms for the path of a Unix socket is 104 bytes, with the ending zero.
export const socketPathMaxBytes = 103

/** Resolves to undefined where the file system or the length of the path does not allow a socket. */
export async function hangDoorbell(folder: string, name: string): Promise<Doorbell | undefined> {
  const place = doorbellPath(folder, name)
  if (place === undefined) return undefined
  const server = createServer((socket) => socket.destroy())
  server.unref()
  const hung = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(place.path, () => resolve(true))
  })
  if (!hung) {
    place.leave()
    return undefined
  }
  server.on('error', () => undefined) // accepting may fail for want of descriptors; the bell still hangs
  return {
    remove: () =>
      new Promise((resolve) => {
        server.close(() => {
          place.leave()
          resolve()
        })
      }),
  }
}

/** Whether somebody answers. Undefined when it cannot be known. */
export async function ringDoorbell(folder: string, name: string): Promise<boolean | undefined> {
  const place = doorbellPath(folder, name)
  if (place === undefined) return undefined
  try {
    return await new Promise<boolean | undefined>((resolve) => {
      const socket = connect(place.path)
      socket.once('connect', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', (error) => {
        const code = systemCode(error)
        if (code === 'EAGAIN')
          resolve(true) // its queue is full: somebody listens
        else resolve(code === 'ECONNREFUSED' || code === 'ENOENT' ? false : undefined)
      })
    })
  } finally {
    place.leave()
  }
}

function doorbellPath(folder: string, name: string): { path: string; leave: () => void } | undefined {
  const stay = () => undefined
  if (process.platform === 'win32') return { path: `\\\\.\\pipe\\banyan-${name}`, leave: stay }
  const path = join(folder, name)
  if (Buffer.byteLength(path) <= socketPathMaxBytes) return { path, leave: stay }
  if (process.platform !== 'linux') return undefined
  const descriptor = openSync(folder, 'r')
  return { path: `/proc/self/fd/${descriptor}/${name}`, leave: () => closeSync(descriptor) }
}

import { readdirSync, readFileSync } from 'node:fs'

/** Processes below a process, itself included, by what /proc tells. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = parentOf(Number(entry))
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)])
  }
  const tree: number[] = []
  for (const open = [root]; open.length > 0; ) {
    const next = open.pop() as number
    if (tree.includes(next)) continue
    tree.push(next)
    open.push(...(children.get(next) ?? []))
  }
  return tree
}

/** The process that a process was started by, or was left to; undefined when it is gone. */
export function parentOf(id: number): number | undefined {
  const stat = readOrNothing(`/proc/${id}/stat`)
  // The name in parentheses may hold spaces and parentheses itself.
  const parent = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[1]
  return parent === undefined ? undefined : Number(parent)
}

export interface ProcessMemory {
  readonly id: number
  readonly command: string
  readonly pssMegabytes: number
}

/** Proportional set size: a page that n processes share counts as 1/n for each, so the sum is what is really used. */
export function memoryOf(id: number): ProcessMemory | undefined {
  const rollup = readOrNothing(`/proc/${id}/smaps_rollup`)
  const kilobytes = rollup && /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]
  if (!kilobytes) return undefined
  const command = (readOrNothing(`/proc/${id}/cmdline`) ?? '').replaceAll('\0', ' ').trim()
  return { id, command, pssMegabytes: Number(kilobytes) / 1_024 }
}

// A process may end between being listed and being read; then there is nothing to count.
function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

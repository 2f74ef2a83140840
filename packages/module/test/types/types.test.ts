import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/*
 * What compiles and what does not. The corpus of wrong programs holds the exact messages, each in a comment above the
 * line that it is about; `…` stands for any text. So a change of the types that makes a message worse is visible.
 */

const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url))
const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

function compile(project: string): Promise<string> {
  return new Promise((resolve) => {
    const options = { encoding: 'utf8', cwd: folder(project), maxBuffer: 1 << 26 } as const
    execFile(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], options, (_, stdout) => resolve(stdout))
  })
}

/** The messages of a compilation as `file:line message`, each on one line. */
function messagesOf(output: string): string[] {
  const joined = output.trimEnd().replace(/\n\s+/g, ' ')
  return joined.split('\n').map((line) => line.replace(/^(?:.*\/)?([^/(]+)\((\d+),\d+\): /, '$1:$2 '))
}

async function expectationsOf(file: string): Promise<{ at: string; message: string }[]> {
  const lines = (await readFile(folder(`wrong/${file}`), 'utf8')).split('\n')
  return lines.flatMap((line, index) => {
    const message = /^\s*\/\/ (error TS\d+: .*)$/.exec(line)?.[1]
    return message === undefined ? [] : [{ at: `${file}:${index + 2}`, message }]
  })
}

function isLike(message: string, expected: string): boolean {
  const pattern = expected.split('…').map((part) => part.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${pattern.join('[\\s\\S]*')}`).test(message)
}

describe('types', () => {
  it('fit the examples of the design and infer what they promise', async () => {
    expect(await compile('right')).toBe('')
  })

  it('turn mistakes into readable messages, where they are made', async () => {
    const messages = messagesOf(await compile('wrong'))
    const expected = (await Promise.all(['contract.ts', 'module.ts', 'aggregates.ts'].map(expectationsOf))).flat()
    const unmet = expected.filter(
      ({ at, message }) =>
        !messages.some((given) => given.startsWith(`${at} `) && isLike(given.slice(at.length + 1), message)),
    )
    const unexpected = messages.filter((given) => !expected.some(({ at }) => given.startsWith(`${at} `)))
    expect({ unmet, unexpected }).toEqual({ unmet: [], unexpected: [] })
    expect(expected.length).toBeGreaterThan(40)
    expect(messages).toHaveLength(expected.length)
    expect(messages.filter((message) => /\bnever & |& never\b/.test(message))).toEqual([])
  })
})

import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { type Arguments, readArguments } from '../src/arguments.js'
import { type Answers, askAnswers } from '../src/questions.js'

const enter = '\r'
const no = 'n'
const giveUp = '\u0003'

/** The questions with somebody at the terminal who presses `keys` once the text beside them was shown. */
async function dialog(
  given: Partial<Arguments>,
  ...script: readonly (readonly [shown: string, keys: string])[]
): Promise<{ answers: Answers | undefined; screen: string; unpressed: number }> {
  const input = new PassThrough()
  const output = new PassThrough()
  const waiting = [...script]
  let screen = ''
  let unread = ''
  output.on('data', (bytes: Buffer) => {
    const text = stripVTControlCharacters(String(bytes))
    screen += text
    unread += text
    const [shown, keys] = waiting[0] ?? []
    if (shown === undefined || keys === undefined || !unread.includes(shown)) return
    waiting.shift()
    unread = ''
    // A question listens for keys once it is drawn.
    setImmediate(() => input.write(keys))
  })
  const answers = await askAnswers({ ...readArguments([]), ...given }, '/projects', { input, output })
  return { answers, screen, unpressed: waiting.length }
}

test('enter takes every default', async () => {
  const { answers, unpressed } = await dialog(
    {},
    ['Where?', enter],
    ['Name of the app?', enter],
    ['git repository?', enter],
    ['Install dependencies now?', enter],
  )
  expect(unpressed).toBe(0)
  const folder = join('/projects', 'my-banyan-app')
  expect(answers).toEqual({ shownFolder: 'my-banyan-app', folder, name: 'my-banyan-app', git: true, install: true })
})

test('what is typed counts; the default name is that of the folder', async () => {
  const { answers, screen, unpressed } = await dialog(
    {},
    ['Where?', `Tea Shop${enter}`],
    ['Name of the app?', enter],
    ['git repository?', no],
    ['Install dependencies now?', no],
  )
  expect(unpressed).toBe(0)
  expect(answers).toEqual({
    shownFolder: 'Tea Shop',
    folder: join('/projects', 'Tea Shop'),
    name: 'tea-shop',
    git: false,
    install: false,
  })
  expect(screen).toContain('tea-shop')
})

test('a name that cannot be one is refused at once, and can be mended', async () => {
  const backspaces = '\u007f'.repeat('Shop'.length)
  const { answers, unpressed } = await dialog(
    { folder: 'here', git: false, install: false },
    ['Name of the app?', `Shop${enter}`],
    ['begins with a letter.', `${backspaces}shop${enter}`],
  )
  expect(unpressed).toBe(0)
  expect(answers).toMatchObject({ name: 'shop' })
})

test('nothing is asked that the command line said', async () => {
  const { answers, screen } = await dialog({ folder: 'a', name: 'b', git: false, install: true })
  expect(screen).toBe('')
  expect(answers).toEqual({ shownFolder: 'a', folder: join('/projects', 'a'), name: 'b', git: false, install: true })
})

test.each([
  ['at the first question', {}, 'Where?'],
  ['at the name', { folder: 'a' }, 'Name of the app?'],
  ['at the repository', { folder: 'a', name: 'b' }, 'git repository?'],
  ['at the dependencies', { folder: 'a', name: 'b', git: true }, 'Install dependencies now?'],
] as const)('Ctrl-C %s gives up, and says that nothing was written', async (_, given, shown) => {
  const { answers, screen, unpressed } = await dialog(given, [shown, giveUp])
  expect(unpressed).toBe(0)
  expect(answers).toBeUndefined()
  expect(screen).toContain('Nothing was written.')
})

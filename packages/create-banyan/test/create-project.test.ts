import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const packageFolder = join(dirname(fileURLToPath(import.meta.url)), '..')
const root = join(packageFolder, '..', '..')

const loader = import.meta.resolve('@oxc-node/core/register')

let working: string
beforeEach(() => {
  working = mkdtempSync(join(tmpdir(), 'create-banyan-'))
})
afterEach(() => rmSync(working, { recursive: true, force: true }))

/** The command as npm runs it, from its sources and without a terminal. */
function create(...options: string[]) {
  const main = join(packageFolder, 'src', 'main.ts')
  return spawnSync(process.execPath, ['--import', loader, main, ...options], {
    cwd: working,
    encoding: 'utf8',
  })
}

const read = (path: string): string => readFileSync(join(working, path), 'utf8')
const json = (path: string) => JSON.parse(read(path))

test('the project carries its name in package, app and README, and this version of Banyan', () => {
  const { status } = create('Tea Shop', '--yes', '--no-git', '--no-install')
  expect(status).toBe(0)
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))
  expect(json('Tea Shop/package.json')).toMatchObject({ name: 'tea-shop', dependencies: { banyan: `^${version}` } })
  expect(read('Tea Shop/src/app.ts')).toContain("name: 'teaShop'")
  expect(read('Tea Shop/README.md')).toMatch(/^# tea-shop/)
  expect(read('Tea Shop/.gitignore')).toContain('.banyan/')
  expect(existsSync(join(working, 'Tea Shop/_gitignore'))).toBe(false)
  expect(existsSync(join(working, 'Tea Shop/.git'))).toBe(false)
})

test('--name wins over the name of the folder', () => {
  expect(create('shop', '--yes', '--name', 'other', '--no-git', '--no-install').status).toBe(0)
  expect(json('shop/package.json').name).toBe('other')
})

test('the repository begins with everything in one commit', () => {
  const names = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' }
  Object.assign(process.env, names)
  expect(create('shop', '--yes', '--no-install').status).toBe(0)
  const git = (...options: string[]) =>
    spawnSync('git', options, { cwd: join(working, 'shop'), encoding: 'utf8' }).stdout
  expect(git('status', '--porcelain')).toBe('')
  expect(git('ls-files')).toContain('src/orders/migrations/0001_orders.sql')
})

test.each([
  [
    ['shop', '--yes'],
    /shop is not empty \(notes\.txt\)\. Choose another folder, or empty it first; nothing was written/,
  ],
  [['shop/notes.txt', '--yes'], /notes\.txt is a file/],
  [['other', '--yes', '--name', 'Big Shop'], /Big Shop cannot be the name\. A name has small letters/],
  [['other', '--nam'], /Unknown option '--nam'\. See --help/],
  [['one', 'two'], /One folder, please, instead of one, two/],
])('%j is refused in one line, and nothing is written', (options, message) => {
  spawnSync('mkdir', [join(working, 'shop')])
  writeFileSync(join(working, 'shop', 'notes.txt'), 'mine')
  const { status, stderr } = create(...options)
  expect(stderr).toMatch(message)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  expect(status).toBe(1)
  expect(existsSync(join(working, 'other'))).toBe(false)
  expect(existsSync(join(working, 'shop', 'package.json'))).toBe(false)
})

test('--help says every option', () => {
  const { stdout } = create('--help')
  for (const option of ['--yes', '--name', '--no-git', '--no-install', '--help', '--version'])
    expect(stdout).toContain(option)
})

test('the template asks for the versions of libraries that the workspace is tested with', () => {
  const template = JSON.parse(readFileSync(join(packageFolder, 'templates', 'app', 'package.json'), 'utf8'))
  const workspace = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { banyan: _, ...libraries } = { ...template.dependencies, ...template.devDependencies }
  for (const [name, range] of Object.entries(libraries))
    expect([name, range]).toEqual([name, workspace.devDependencies[name]])
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkDocs } from '../docs.js'
import { plantTree, toldBy } from './support/tree.js'

const manifest = JSON.stringify({ scripts: { test: 'vitest run', verify: 'x' } })

function check(contents: Record<string, string>, write = false): { told: string[]; root: string } {
  const tree = plantTree({ 'package.json': manifest, ...contents })
  return { told: toldBy(checkDocs(tree.root, write, tree.files)), root: tree.root }
}

const fence = (comment: string, code: string): string => `# Page\n\n${comment}\n\`\`\`ts\n${code}\`\`\`\n`

describe('snippets', () => {
  const source = 'const before = 1\n  // #region sum\n  const sum = 1 + 1\n    use(sum)\n  // #endregion\n'

  test('equal the region of their file, moved to the margin', () => {
    const page = fence('<!-- snippet: src/a.ts#sum -->', 'const sum = 1 + 1\n  use(sum)\n')
    expect(check({ 'README.md': page, 'src/a.ts': source }).told).toEqual([])
  })

  test('that differ are told, and written anew on demand', () => {
    const contents = { 'README.md': fence('<!-- snippet: src/a.ts#sum -->', 'const sum = 3\n'), 'src/a.ts': source }
    expect(check(contents).told).toEqual(['README.md:4: shows code that differs from its source'])
    const { told, root } = check(contents, true)
    expect(told).toEqual([])
    expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain('```ts\nconst sum = 1 + 1\n  use(sum)\n```\n')
  })

  test.each([
    ['src/gone.ts#sum', 'takes a snippet from src/gone.ts, which does not exist'],
    ['src/a.ts#gone', 'takes the region gone of src/a.ts, which is missing or never ends'],
    ['src/b.ts#open', 'takes the region open of src/b.ts, which is missing or never ends'],
  ])('from %s are told', (named, what) => {
    const page = fence(`<!-- snippet: ${named} -->`, 'x\n')
    const told = check({ 'README.md': page, 'src/a.ts': source, 'src/b.ts': '// #region open\nx\n' }).told
    expect(told).toEqual([`README.md:4: ${what}`])
  })

  test('that nobody compiles need a reason', () => {
    expect(check({ 'README.md': fence('', 'const x = 1\n') }).told).toEqual([
      'README.md:4: shows ts code that nobody compiles',
    ])
    expect(
      check({ 'README.md': fence('<!-- not compiled: a sketch of what is wrong -->', 'const x = 1\n') }).told,
    ).toEqual([])
  })
})

describe('links', () => {
  test('lead to files and headings', () => {
    const readme = [
      '# Read me',
      '[a](docs/a.md) [b](docs/a.md#the-second-part) [c](#read-me) [d](docs/) [e](https://example.org/x)',
      '`[not](a-link.md)` <!-- [nor](this.md) -->',
      '```sh',
      '[nor](that.md)',
      '```',
      '[ref]: docs/a.md',
      '',
    ].join('\n')
    expect(check({ 'README.md': readme, 'docs/a.md': '# A\n## The `second` part!\n' }).told).toEqual([])
  })

  test('that lead nowhere are told, in each of their forms', () => {
    const readme = [
      '# Read me',
      '[a](docs/gone.md)',
      '[b](docs/a.md#gone)',
      '![c](gone.svg)',
      '<img src="gone.png">',
      '[d]: gone.md',
      '[e](/docs/a.md)',
      '[f](../outside.md)',
      '[g](docs/a.md)',
      '',
    ].join('\n')
    expect(check({ 'README.md': readme, 'docs/a.md': '# A\n' }).told).toEqual([
      'README.md:2: links to docs/gone.md, which does not exist',
      'README.md:3: links to #gone, which is no heading of docs/a.md',
      'README.md:4: links to gone.svg, which does not exist',
      'README.md:7: links to /docs/a.md',
      'README.md:8: links to ../outside.md, which does not exist',
      'README.md:6: links to gone.md, which does not exist',
      'README.md:5: links to gone.png, which does not exist',
    ])
  })

  test('a page that no link leads to is told', () => {
    expect(check({ 'README.md': '# Read me\n', 'docs/lost.md': '# Lost\n' }).told).toEqual([
      'docs/lost.md: cannot be reached from README.md',
    ])
  })
})

describe('commands', () => {
  test('that do not exist are told, in text and in code', () => {
    const readme =
      '# Read me\nRun `npm run verify`, then `npm run launch`.\n\n```sh\nnpm ci && npm start\nnpm test\n```\n'
    expect(check({ 'README.md': readme }).told).toEqual([
      'README.md:2: tells the reader to run `npm run launch`, which does not exist',
      'README.md:5: tells the reader to run `npm start`, which does not exist',
    ])
  })

  test('of a package are known below it, and elsewhere where the page names it', () => {
    const shop = JSON.stringify({ scripts: { replay: 'x' } })
    const told = check({
      'examples/shop/package.json': shop,
      'examples/shop/README.md': '# Shop\n`npm run replay`\n',
      'README.md': '# Read me\n<!-- commands: examples/shop/package.json -->\n`npm run replay`\n',
    }).told
    expect(told).toEqual([])
  })
})

test('a check that saw no page fails', () => {
  expect(check({}).told).toEqual(['docs: saw no pages at all'])
})

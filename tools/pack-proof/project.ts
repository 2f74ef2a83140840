import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tarballs } from './pack.js'
import { attempt, run } from './run.js'

/** Whether packages can be installed here at all. */
export function registryAnswers(root: string): boolean {
  return (
    attempt(root, 'npm', ['view', 'zod', 'version', '--fetch-retries', '0', '--fetch-timeout', '15000']).status === 0
  )
}

/** Begins a project as a newcomer does, with the packed `create-banyan`; returns its folder. */
export function beginProject(folder: string, tarballs: Tarballs): string {
  const creator = join(folder, 'creator')
  mkdirSync(creator)
  writeFileSync(join(creator, 'package.json'), '{"private":true}\n')
  run(creator, 'npm', ['install', '--no-audit', '--no-fund', tarballOf(tarballs, 'create-banyan')])
  run(creator, 'npx', ['--no-install', 'create-banyan', join(folder, 'tea-shop'), '--yes', '--no-git', '--no-install'])
  const project = join(folder, 'tea-shop')
  useTarballs(project, tarballs)
  return project
}

function tarballOf(tarballs: Tarballs, name: string): string {
  const path = tarballs.get(name)
  if (path === undefined) throw new Error(`${name} was not packed`)
  return path
}

/** What is not published yet comes from the tarballs; everything else stays as the template says. */
function useTarballs(project: string, tarballs: Tarballs): void {
  const path = join(project, 'package.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { dependencies: Record<string, string> }
  manifest.dependencies.banyan = `file:${tarballOf(tarballs, 'banyan')}`
  const scoped = [...tarballs].filter(([name]) => name.startsWith('@banyan/'))
  const overrides = Object.fromEntries(scoped.map(([name, tarball]) => [name, `file:${tarball}`]))
  writeFileSync(path, `${JSON.stringify({ ...manifest, overrides }, undefined, 2)}\n`)
}

export function install(project: string): void {
  run(project, 'npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'])
}

/** Nothing may lead back into the workspace, and nothing may be missing that only the workspace has. */
export function checkInstalled(project: string, tarballs: Tarballs): void {
  const modules = realpathSync(join(project, 'node_modules'))
  const installed = [...readdirSync(join(modules, '@banyan')).map((name) => `@banyan/${name}`), 'banyan']
  for (const name of installed) {
    const folder = realpathSync(join(modules, name))
    if (!folder.startsWith(modules)) throw new Error(`${name} is a link to ${folder}`)
  }
  const wanted = [...tarballs.keys()].filter((name) => name !== 'create-banyan')
  const missing = wanted.filter((name) => !installed.includes(name))
  if (missing.length > 0) throw new Error(`npm did not install ${missing.join(', ')}`)
}

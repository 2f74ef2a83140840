/**
 * Proves that Banyan works for somebody who has only what npm gives: packs every package, begins a project with the
 * packed `create-banyan` in a folder outside the workspace, installs it, tests, builds, checks, starts and calls it.
 * Reads built files: run `npm run build` before. `--keep` leaves the folder there.
 */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packAll } from './pack-proof/pack.js'
import { beginProject, checkInstalled, install, registryAnswers } from './pack-proof/project.js'
import { run } from './pack-proof/run.js'
import { serveAndCall } from './pack-proof/serve.js'
import { tryVerbs } from './pack-proof/verbs.js'
import { repositoryRoot } from './support/files.js'
import { isMain } from './support/main.js'
import { skippedCode } from './verify.js'

type Prove = <Result>(what: string, work: () => Result | Promise<Result>) => Promise<Result>

const prove: Prove = async (what, work) => {
  const start = performance.now()
  const result = await work()
  console.log(`ok      ${what} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
  return result
}

/** Both ways in which projects look up types; the second is how bundlers do. */
const resolutions = [
  ['--module', 'nodenext', '--moduleResolution', 'nodenext'],
  ['--module', 'esnext', '--moduleResolution', 'bundler'],
] as const

async function proveProject(folder: string): Promise<void> {
  const tarballs = join(folder, 'tarballs')
  mkdirSync(tarballs)
  const packed = await prove('every package packs', () => packAll(repositoryRoot, tarballs))
  const project = await prove('create-banyan makes a project', () => beginProject(folder, packed))
  await prove('npm installs it', () => install(project))
  await prove('what is installed came from the tarballs, and no install script ran', () =>
    checkInstalled(project, packed),
  )
  await prove('its test passes', () => run(project, 'npm', ['test']))
  for (const options of resolutions)
    await prove(`types resolve with ${options.at(-1)}`, () =>
      run(project, 'npx', ['tsc', '--noEmit', '--skipLibCheck', 'false', ...options]),
    )
  await prove('it builds', () => run(project, 'npm', ['run', 'build']))
  await prove('it starts from TypeScript and answers', () => serveAndCall(project, ['start', '--port', '0']))
  const built = ['start', '--port', '0', '--config', 'dist/banyan.config.js']
  await prove('it starts from what was built and answers', () => serveAndCall(project, built))
  for (const verb of await tryVerbs(project)) console.log(`ok      banyan ${verb}`)
}

async function main(): Promise<void> {
  if (!registryAnswers(repositoryRoot)) {
    console.log('SKIPPED pack-proof: the npm registry does not answer, and the proof installs from it')
    process.exitCode = skippedCode
    return
  }
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'banyan-pack-proof-'))
  // Closed to others, the databases would lie elsewhere when root runs this, and stay there.
  chmodSync(folder, 0o755)
  try {
    await proveProject(folder)
    console.log('pack-proof: a project outside the workspace installs, tests, builds, starts and answers')
  } catch (error) {
    console.log(`FAILED  ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  } finally {
    if (process.argv.includes('--keep')) console.log(`kept ${folder}`)
    else rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

if (isMain(import.meta.url)) await main()

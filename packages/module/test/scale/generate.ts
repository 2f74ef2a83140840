import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** How large the generated app is. */
export interface Scale {
  readonly modules: number
  readonly operations: number
}

/** What the compiler remembers of the last check of the app, relative to its folder. */
export const buildInfoFile = 'dist/app.tsbuildinfo'

const pad = (index: number): string => `m${String(index).padStart(3, '0')}`

/** A contract like people write them: half commands, half queries, schemas shared inside, errors, events. */
function contractSource(index: number, operations: number): string {
  const name = pad(index)
  const commands = Array.from(
    { length: operations / 2 },
    (_, number) => `    change${number}: {
      summary: 'Changes thing ${number}',
      input: z.object({ id: z.uuid(), lines: z.array(line).min(1), note: z.string().optional(), address }),
      output: z.object({ id: z.uuid(), total: z.number().int(), lines: z.array(line) }),
      errors: { refused${number}: z.object({ reason: z.enum(['late', 'full']), left: z.number() }), closed },
      http: 'POST /${name}/change${number}',
      access: ['${name}:write'],
    },`,
  )
  const queries = Array.from(
    { length: operations / 2 },
    (_, number) => `    find${number}: {
      input: z.object({ id: z.string(), page: z.number().int().default(0) }),
      output: z.object({ items: z.array(z.object({ id: z.string(), address, lines: z.array(line) })), next: z.string().nullable() }),
      http: 'GET /${name}/find${number}/{id}',
    },`,
  )
  return `import { contract } from '@banyan/contract'
import { z } from 'zod'

const line = z.object({ sku: z.string(), quantity: z.number().int(), price: z.number().int() })
const address = z.object({ street: z.string(), city: z.string(), country: z.string().length(2) })
const closed = { status: 409, message: 'Closed since {since}', details: z.object({ since: z.iso.datetime() }) }

export const ${name} = contract({
  name: '${name}',
  version: '1.0.0',
  owner: 'team',
  commands: {
${commands.join('\n')}
  },
  queries: {
${queries.join('\n')}
  },
  events: {
    changed: { data: z.object({ id: z.uuid(), lines: z.array(line) }), key: 'id' },
    removed: { data: z.object({ id: z.uuid() }), key: 'id' },
  },
})
`
}

/** A module that uses three others and listens to two, with inferred handlers. */
function moduleSource(index: number, { modules, operations }: Scale): string {
  const name = pad(index)
  const uses = [1, 2, 3].map((step) => index - step).filter((other) => other >= 0)
  const listens = [4, 5].map((step) => (index + step) % modules)
  const used = uses[0] === undefined ? undefined : pad(uses[0])
  const called =
    used === undefined
      ? ''
      : `      const { total } = await call.${used}.change${index % (operations / 2)}({ id, lines: input.lines, address: input.address })\n      log.info({ total })\n`
  const commands = Array.from(
    { length: operations / 2 },
    (_, number) => `    async change${number}(input, { call, sql, emit, fail, newId, log }) {
      if (input.lines.length > 10) throw fail.refused${number}({ reason: 'full', left: 1 })
      const id = newId()
      await sql\`insert into things (id, note) values (\${id}, \${input.note ?? null})\`
      emit.changed({ id, lines: input.lines })
${called}      return { id, total: 1, lines: input.lines }
    },`,
  )
  const queries = Array.from(
    { length: operations / 2 },
    (_, number) => `    find${number}: async ({ id, page }, { sql }) => {
      const rows = await sql<{ id: string }>\`select id from things where id = \${id} offset \${page}\`
      return { items: rows.map((row) => ({ id: row.id, address: { street: '', city: '', country: 'DE' }, lines: [] })), next: null }
    },`,
  )
  const imports = [...new Set([index, ...uses, ...listens])].map(
    (other) => `import { ${pad(other)} } from '../contracts/${pad(other)}.js'`,
  )
  const handlers = listens.map(
    (other) =>
      `    ${pad(other)}: { async changed(data, { sql, event }) { await sql\`update things set at = \${event.time} where id = \${data.id}\` } },`,
  )
  return `import { defineModule } from '@banyan/module'
${imports.join('\n')}

export default defineModule(${name}, {
  uses: { ${uses.map(pad).join(', ')} },
  listens: { ${listens.map(pad).join(', ')} },
  commands: {
${commands.join('\n')}
  },
  queries: {
${queries.join('\n')}
  },
  on: {
${handlers.join('\n')}
  },
})
`
}

function appSource(modules: number): string {
  const names = Array.from({ length: modules }, (_, index) => pad(index))
  const imports = names.map((name) => `import ${name} from './modules/${name}.js'`)
  return `import { defineApp } from '@banyan/module'
${imports.join('\n')}

export const big = defineApp({ name: 'big', modules: [${names.join(', ')}] })
`
}

/** Writes an app as two projects: its contracts, and its modules with the app, which read the built contracts. */
export async function generateApp(folder: string, scale: Scale, nodeModules: string): Promise<void> {
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2023'],
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    composite: true,
    types: ['node'],
  }
  const project = (options: object, include: string[], references: object[] = []) =>
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...options }, include, references })
  await mkdir(join(folder, 'src/contracts'), { recursive: true })
  await mkdir(join(folder, 'src/modules'), { recursive: true })
  await symlink(nodeModules, join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  const contracts = project({ rootDir: '.', outDir: '../../dist/contracts' }, ['*.ts'])
  await writeFile(join(folder, 'src/contracts/tsconfig.json'), contracts)
  const app = project(
    { rootDir: 'src', outDir: 'dist', tsBuildInfoFile: buildInfoFile },
    ['src/app.ts', 'src/modules/*.ts'],
    [{ path: 'src/contracts' }],
  )
  await writeFile(join(folder, 'tsconfig.json'), app)
  await writeFile(join(folder, 'src/app.ts'), appSource(scale.modules))
  for (let index = 0; index < scale.modules; index++) {
    await writeFile(join(folder, `src/contracts/${pad(index)}.ts`), contractSource(index, scale.operations))
    await writeFile(join(folder, `src/modules/${pad(index)}.ts`), moduleSource(index, scale))
  }
}

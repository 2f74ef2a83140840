import type { Problem } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import type { StoreLogins } from '../roles/logins.js'
import { isReservedSchema, roleName, schemaName } from '../roles/names.js'
import type { ModuleFacts, ServerFacts } from './inspect.js'
import { ownSchemaVersion } from './versions.js'

/** A module with the names that it has in the database. */
export interface PlannedModule {
  readonly module: StoreModule
  readonly schema: string
  readonly role: string
}

/**
 * Names for all modules, and what is wrong with them.
 * @param logins the roles, where they are given; else they have the names that Banyan gives them
 */
export function planNames(
  app: string,
  modules: readonly StoreModule[],
  logins?: StoreLogins,
): { planned: PlannedModule[]; problems: Problem[] } {
  const problems: Problem[] = []
  const owners = new Map<string, string>()
  const users = new Map<string, string>()
  const planned = modules.map((module) => {
    const schema = schemaName(module.name)
    const role = logins ? (logins[module.name]?.user ?? '') : roleName(app, module.name)
    const [who, where] = [`module ${module.name}`, 'name']
    const other = owners.get(schema)
    if (other !== undefined) {
      const what = `Its schema would be ${schema}, which is that of module ${other}`
      problems.push({ who, where, what, remedy: 'Rename one of them.' })
    }
    if (isReservedSchema(schema)) {
      const what = `PostgreSQL or Banyan keeps the schema name ${schema} for itself`
      problems.push({ who, where, what, remedy: 'Rename the module.' })
    }
    if (logins) problems.push(...loginProblems(module.name, role, users.get(role)))
    owners.set(schema, module.name)
    users.set(role, module.name)
    return { module, schema, role }
  })
  return { planned, problems }
}

function loginProblems(module: string, role: string, other: string | undefined): Problem[] {
  const [who, where] = [`module ${module}`, 'login']
  const remedy = 'Give the store a login of its own for each module that it opens: `banyan access emit` writes them.'
  if (role === '') return [{ who, where, what: 'No login of this module is known', remedy }]
  if (other === undefined) return []
  return [{ who, where, what: `Its login ${role} is that of module ${other}`, remedy }]
}

/** Whether something must be made or upgraded for the module. */
export function needsInstall(facts: ModuleFacts): boolean {
  return !facts.roleExists || facts.schemaOwner === undefined || facts.version < ownSchemaVersion
}

/** What stands in the way of making what is missing. */
export function installProblems(server: ServerFacts, module: PlannedModule, facts: ModuleFacts): Problem[] {
  const who = `module ${module.module.name}`
  const problems = schemaProblems(module, facts)
  if (!facts.roleExists && !server.mayCreateRoles) {
    const what = `The role ${facts.role} does not exist, and the user may not create it`
    problems.push({ who, where: 'role', what, remedy: 'Grant CREATEROLE to the user in DATABASE_URL.' })
  }
  if (facts.schemaOwner === undefined && !server.mayCreateSchemas) {
    const what = `The schema ${facts.schema} does not exist, and the user may not create it`
    problems.push({ who, where: 'schema', what, remedy: 'Grant CREATE on the database to the user in DATABASE_URL.' })
  }
  return problems
}

/** What is there already and cannot be worked with. */
export function schemaProblems(module: PlannedModule, facts: ModuleFacts): Problem[] {
  const who = `module ${module.module.name}`
  const problems: Problem[] = []
  if (facts.schemaOwner !== undefined && facts.schemaOwner !== facts.role) {
    const what = `The schema ${facts.schema} belongs to the role ${facts.schemaOwner}, not to ${facts.role}`
    problems.push({ who, where: 'schema', what, remedy: 'Use another database, or rename the module.' })
  }
  if (facts.version > ownSchemaVersion) {
    const what = `Its tables were made by a newer Banyan: version ${facts.version}; this one knows ${ownSchemaVersion}`
    problems.push({ who, where: 'schema', what, remedy: 'Use the newer Banyan.' })
  }
  return problems
}

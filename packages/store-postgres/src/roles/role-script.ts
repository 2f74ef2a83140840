import { type Problem, problemsError } from '@banyan/errors'
import type { StoreModule } from '@banyan/runtime'
import { installLockKey } from '../schema/install.js'
import { installSql } from '../schema/install-sql.js'
import { type PlannedModule, planNames } from '../schema/plan.js'
import { roleName } from './names.js'
import { scramVerifier } from './password.js'
import { passwordSql } from './role-sql.js'

/** What the role of a module is to log in by: a password, or what PostgreSQL keeps of one. */
export interface ScriptLogin {
  /** Default: the name that Banyan gives the role. */
  readonly user?: string
  readonly password?: string
  /** SCRAM-SHA-256 verifier, in place of the password. */
  readonly verifier?: string
}

export interface RoleScriptOptions {
  readonly app: string
  readonly modules: readonly StoreModule[]
  /** By name of the module. */
  readonly logins: Readonly<Record<string, ScriptLogin>>
}

const verifierForm = /^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/

/**
 * The roles, schemas and own tables of an app as SQL, for `psql` or any other client: one transaction, which may be run
 * again, and which a role without superuser may run that has CREATEROLE, and CREATE on the database. It holds verifiers,
 * never passwords. Running it sets the passwords.
 * @throws `invalid-app` with all problems
 */
export function roleScript({ app, modules, logins }: RoleScriptOptions): string {
  const named = Object.fromEntries(
    modules.flatMap(({ name }) => {
      const login = logins[name]
      return login ? [[name, { user: login.user ?? roleName(app, name), password: login.password ?? '' }]] : []
    }),
  )
  const { planned, problems } = planNames(app, modules, named)
  const verifiers = planned.map((one) => verifierOf(one, logins[one.module.name], problems))
  if (problems.length > 0) throw problemsError('invalid-app', { name: app }, problems)
  const parts = planned.flatMap(({ role, schema }, index) => {
    const verifier = verifiers[index]
    return [...installSql({ role, schema, verifier }), ...(verifier === undefined ? [] : [passwordSql(role, verifier)])]
  })
  const statements = [
    'begin',
    // "Exists already" and "is a member already" tell nobody anything.
    'set local client_min_messages = warning',
    `select pg_advisory_xact_lock(${installLockKey})`,
    ...parts,
    'commit',
  ]
  return `-- Roles, schemas and Banyan's own tables of the app ${app}. For a role with CREATEROLE, and CREATE on the database.
-- May be run again, with every release: it makes what is missing, and sets the passwords.
${statements.join(';\n')};
`
}

function verifierOf(
  { module, role }: PlannedModule,
  login: ScriptLogin | undefined,
  problems: Problem[],
): string | undefined {
  const { password, verifier } = login ?? {}
  if (verifier === undefined) return password === undefined ? undefined : scramVerifier(role, password)
  if (!verifierForm.test(verifier))
    problems.push({
      who: `module ${module.name}`,
      where: 'login',
      what: 'Its verifier is none of SCRAM-SHA-256',
      remedy: 'Give what pg_authid.rolpassword would hold, or the password.',
    })
  return verifier
}

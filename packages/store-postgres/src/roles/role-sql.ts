import { quoteIdentifier, quoteLiteral } from './names.js'

export interface RolePlan {
  readonly role: string
  readonly schema: string
  /** SCRAM verifier; absent when no secret is known, for servers that ask local users for no password. */
  readonly verifier: string | undefined
  /** Whether objects of schema `public`, such as extensions, can be reached: only where nobody but its owner adds any. */
  readonly seesPublic: boolean
}

/** A transaction that the process forgot may hold lanes no longer than this (delivery.md L2). */
const idleInTransactionMs = 60_000
/** Nobody waits longer than this for a row or a table, also not at a commit, which is never cancelled (P9). */
const lockMs = 30_000

/**
 * Statements that make the role of a module, or bring an existing one to what it should be. Run by the admin, who need
 * not be a superuser: CREATEROLE is enough.
 * @param version `server_version_num`: from 16 on a role must be granted to its maker by name before it can be set
 */
export function roleSql({ role, schema, verifier, seesPublic }: RolePlan, exists: boolean, version: number): string[] {
  const name = quoteIdentifier(role)
  const path = [quoteIdentifier(schema), ...(seesPublic ? ['public'] : [])].join(', ')
  const password = verifier === undefined ? '' : ` password ${quoteLiteral(verifier)}`
  const grant = version >= 160_000 ? ' with inherit true, set true' : ''
  return [
    exists ? `alter role ${name} with login${password}` : `create role ${name} with login${password}`,
    `do $$ begin
      if not (select rolsuper from pg_roles where rolname = current_user) then
        grant ${name} to current_user${grant};
      end if;
    end $$`,
    `alter role ${name} set search_path = ${path}`,
    `alter role ${name} set idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
    `alter role ${name} set lock_timeout = ${lockMs}`,
  ]
}

/** Gives the role its derived password again, after a login was refused. */
export function passwordSql(role: string, verifier: string): string {
  return `alter role ${quoteIdentifier(role)} with login password ${quoteLiteral(verifier)}`
}

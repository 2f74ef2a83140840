import { banyanError } from '@banyan/errors'
import type { SqlExecutor } from '@banyan/runtime'
import { databaseError, statementFailure } from './failure.js'
import { refuseStatement } from './refused-statement.js'
import type { SessionPool } from './session-pool.js'
import { statementPart, toStatementResult } from './statement.js'

const readOnlyTransaction = '25006'

/** Statements of queries: each by itself on a session that is read-only (hot-path budget: no transaction, one round trip). */
export function createReader(pool: SessionPool, module: string): SqlExecutor {
  return {
    async query(statement) {
      refuseStatement(statement.text)
      const session = await pool.acquire()
      try {
        const results = await session.run([statementPart(session, statement)])
        return toStatementResult(results[0] as NonNullable<(typeof results)[0]>)
      } catch (error) {
        if (databaseError(error)?.code === readOnlyTransaction) {
          throw banyanError('read-only', { module }, { cause: error })
        }
        if (error instanceof Error && databaseError(error)) Error.captureStackTrace(error)
        throw statementFailure(error, pool.what)
      } finally {
        pool.release(session)
      }
    },
  }
}

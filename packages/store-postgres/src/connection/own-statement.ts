import { createHash } from 'node:crypto'

/** A statement of Banyan's own: prepared once per connection under a name that stands for its text. */
export interface OwnStatement {
  readonly name: string
  readonly text: string
}

/** Names a statement by its text, so that two processes of different versions never mean different texts by one name. */
export function ownStatement(text: string): OwnStatement {
  return { text, name: `banyan_${createHash('sha256').update(text).digest('hex').slice(0, 16)}` }
}

/**
 * What each service of a topology may do, derived from contracts and topology; nobody writes it down. Plain data: what
 * a broker makes of it is the affair of its adapter. Every grant says why it is there.
 */
export interface AccessPlan {
  readonly app: string
  readonly services: readonly ServiceAccess[]
  /** Modules whose events other services read: each has a stream. */
  readonly sources: readonly SourceAccess[]
}

export interface ServiceAccess {
  readonly service: string
  /** Modules that it hosts: it answers for them, and for no other. */
  readonly serves: readonly ServeGrant[]
  readonly calls: readonly CallGrant[]
  /** Modules whose raw routes it may hand requests to. */
  readonly routes: readonly RouteGrant[]
  /** Modules of other services whose log it reads. */
  readonly reads: readonly ReadGrant[]
  /** Modules of its own whose events it publishes to others. */
  readonly publishes: readonly PublishGrant[]
  /** To whom it may answer, and in whose name. */
  readonly replies: readonly ReplyGrant[]
}

interface Grant {
  /** Sentences such as `orders uses inventory`. */
  readonly because: readonly string[]
}

export interface ServeGrant extends Grant {
  readonly module: string
  readonly version: string
}

export interface CallGrant extends Grant {
  readonly module: string
  /** What is compatible with the contract that the caller was built with: `v1`, `v0_4`. */
  readonly line: string
  readonly operation: string
}

export interface RouteGrant extends Grant {
  readonly module: string
  readonly line: string
}

export interface ReadGrant extends Grant {
  readonly source: string
}

export interface PublishGrant extends Grant {
  readonly module: string
}

export interface ReplyGrant extends Grant {
  /** The service that asked. */
  readonly to: string
  /** The module that answers. */
  readonly module: string
}

export interface SourceAccess {
  readonly module: string
  readonly host: string
  readonly readers: readonly string[]
}

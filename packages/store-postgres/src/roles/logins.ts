import type { Credentials } from '../connection/settings.js'
import { derivePassword } from './password.js'

/** How a process logs in as one module. */
export interface ModuleLogin {
  /** The login role of the module: `roleName(app, module)`, unless another one was made for it. */
  readonly user: string
  readonly password: string
}

/** By name of the module. */
export type StoreLogins = Readonly<Record<string, ModuleLogin>>

/** The password that everybody who knows the secret finds. */
export function derivedCredentials(secret: string | undefined, role: string): Credentials {
  return { user: role, password: secret === undefined ? undefined : derivePassword(secret, role) }
}

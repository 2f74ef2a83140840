// #region decision
import { decision } from 'banyan'
import { welcome } from './welcome.js'

export const guestWelcomed = decision({
  of: { welcome },
  initial: (_guest: string) => false,
  tags: (guest) => [[`guest:${guest}`]],
  evolve: { welcome: { given: () => true } },
})
// #endregion

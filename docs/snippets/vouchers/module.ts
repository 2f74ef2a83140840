import { defineModule } from 'banyan'
import { vouchers } from './contract.js'
import { guestWelcomed } from './decision.js'
import { voucher } from './voucher.js'
import { welcome } from './welcome.js'

export default defineModule(vouchers, {
  commands: {
    // #region new
    async issue({ cents }, { load, newId }) {
      const code = newId()
      const v = await load(voucher, code, { isNew: true })
      v.append.issued({ cents })
      return { code }
    },
    // #endregion
    // #region load
    async spend({ code, cents, show }, { load, fail }) {
      const v = await load(voucher, code)
      if (v.state.left < cents) throw fail.tooLittle({ left: v.state.left })
      v.append.spent({ cents, show })
      return { left: v.state.left }
    },
    // #endregion
    // #region decide
    async welcome({ guest }, { load, fail, newId }) {
      const { state: alreadyWelcomed } = await load(guestWelcomed, guest)
      if (alreadyWelcomed) throw fail.welcomed()
      const code = newId()
      const given = await load(welcome, code, { isNew: true })
      given.append.given({ guest, code })
      const v = await load(voucher, code, { isNew: true })
      v.append.issued({ cents: 500 })
      return { code }
    },
    // #endregion
  },
  queries: {
    // #region as-of
    async left({ code, at }, { load }) {
      const v = at === undefined ? await load(voucher, code) : await load(voucher, code, { at: new Date(at) })
      return v.state.left
    },
    // #endregion
  },
})

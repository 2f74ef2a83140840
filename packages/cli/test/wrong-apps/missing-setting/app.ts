import { contract, defineApp, defineModule } from 'banyan'
import { z } from 'zod'

const mail = defineModule(contract({ name: 'mail', version: '1.0.0' }), {
  config: z.object({ SMTP_HOST: z.string(), SMTP_PORT: z.coerce.number().int() }),
})

export const shop = defineApp({ name: 'shop', modules: [mail] })

import { contract, defineApp, defineModule } from 'banyan'

const mail = defineModule(contract({ name: 'mail', version: '1.0.0' }), {})

export const shop = defineApp({ name: 'shop', modules: [mail] })

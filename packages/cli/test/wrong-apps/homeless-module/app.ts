import { contract, defineApp, defineModule } from 'banyan'

const mail = defineModule(contract({ name: 'mail', version: '1.0.0' }), {})
const stamps = defineModule(contract({ name: 'stamps', version: '1.0.0' }), {})
const parcels = defineModule(contract({ name: 'parcels', version: '1.0.0' }), {})

export const shop = defineApp({ name: 'shop', modules: [mail, stamps, parcels] })

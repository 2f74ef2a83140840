import { defineApp } from 'banyan'
import notifications from './notifications/module.js'
import orders from './orders/module.js'

export const app = defineApp({ name: 'myBanyanApp', modules: [orders, notifications] })

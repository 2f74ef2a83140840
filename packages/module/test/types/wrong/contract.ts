import { contract } from '@banyan/contract'
import { z } from 'zod'

const version = '1.0.0'
const data = z.object({ orderId: z.string(), amount: z.number() })

// error TS2353: Object literal may only specify known properties, and 'querys' does not exist in type 'ContractOptions<"shop", {}, {}, {}>'.
contract({ name: 'shop', version, querys: {} })

// error TS2322: Type 'string[]' is not assignable to type '"unknown option 'acess'; known are access, deprecated, errors, http, input, output, summary"'.
contract({ name: 'shop', version, commands: { place: { http: 'POST /orders', acess: ['order:write'] } } })

// error TS2561: Object literal may only specify known properties, but 'sumary' does not exist in type 'QueryOptions'. Did you mean to write 'summary'?
contract({ name: 'shop', version, queries: { find: { sumary: 'Finds' } } })

// error TS2322: Type 'number' is not assignable to type '"unknown option 'versoin'; known are data, deprecated, key, summary, version"'.
contract({ name: 'shop', version, events: { placed: { data, key: 'orderId', versoin: 2 } } })

// error TS2820: Type '"orderid"' is not assignable to type '"amount" | "orderId"'. Did you mean '"orderId"'?
contract({ name: 'shop', version, events: { placed: { data, key: 'orderid' } } })

// error TS2741: Property 'key' is missing in type '{ data: … but required in type 'EventOptions'.
contract({ name: 'shop', version, events: { placed: { data } } })

// error TS2322: Type '"GET /orders"' is not assignable to type '`DELETE /${string}` | `PATCH /${string}` | `POST /${string}` | `PUT /${string}`'.
contract({ name: 'shop', version, commands: { place: { http: 'GET /orders' } } })

// error TS2322: Type '"DELETE /orders"' is not assignable to type '`GET /${string}` | `POST /${string}`'.
contract({ name: 'shop', version, queries: { find: { http: 'DELETE /orders' } } })

// error TS2741: Property ''~standard'' is missing in type 'StringConstructor' but required in type 'AnySchema'.
contract({ name: 'shop', version, commands: { place: { input: String } } })

// error TS2322: Type 'string' is not assignable to type 'number'.
contract({ name: 'shop', version, commands: { place: { errors: { gone: { status: '410' } } } } })

// error TS2353: Object literal may only specify known properties, and 'detail' does not exist in type 'AnySchema | ErrorOptions'.
contract({ name: 'shop', version, commands: { place: { errors: { gone: { detail: data } } } } })

// error TS2741: Property 'version' is missing in type '{ name: "shop"; }' but required in type 'ContractOptions<"shop", {}, {}, {}>'.
contract({ name: 'shop' })

// error TS2741: Property 'name' is missing in type '{ version: string; }' but required in type 'ContractOptions<…
contract({ version })

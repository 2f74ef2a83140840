/** The HTTP edge by itself, for hosts that compose their own. */
export {
  createGateway,
  type Gateway,
  type GatewayLimits,
  type GatewayOptions,
  openApiDocument,
  rawRoutesOf,
} from '@banyan/gateway'

/** `/stock/{sku}` as the router writes it: `/stock/:sku`. */
export function toRouterPath(path: string): string {
  return path.replaceAll(':', '::').replace(/\{([A-Za-z_][A-Za-z0-9_]*)\}/g, ':$1')
}

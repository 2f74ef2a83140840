import type { AnyModule } from '@banyan/module'
import type { RawRoute } from '../options.js'

/** The raw routes that modules define, as `createGateway` takes them. */
export function rawRoutesOf(modules: Iterable<Pick<AnyModule, 'name' | 'routes'>>): readonly RawRoute[] {
  return [...modules].flatMap(({ name, routes }) =>
    Object.entries(routes).map(([route, { access }]) => ({
      module: name,
      route,
      ...(access === undefined ? {} : { access }),
    })),
  )
}

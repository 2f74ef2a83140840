/** Which methods a path knows, for 405 and OPTIONS. Looked at only when no route fits, so it is built for size. */
export interface PathIndex {
  add(method: string, path: string): void
  /** Methods of every route that the path fits, in order of the alphabet; empty: no such path. */
  methods(path: string): readonly string[]
}

interface Node {
  readonly literal: Map<string, Node>
  parameter: Node | undefined
  readonly methods: Set<string>
}

export function createPathIndex(): PathIndex {
  const root = createNode()
  return {
    add(method, path) {
      let node = root
      for (const segment of segments(path)) node = childFor(node, segment)
      node.methods.add(method)
      if (method === 'GET') node.methods.add('HEAD')
    },
    methods(path) {
      // At most two ways per segment, and paths are bounded by the limit of the URL.
      let nodes = [root]
      for (const segment of segments(path)) {
        nodes = nodes.flatMap(({ literal, parameter }) =>
          [literal.get(segment), segment === '' ? undefined : parameter].filter((node) => node !== undefined),
        )
        if (nodes.length === 0) return []
      }
      return [...new Set(nodes.flatMap(({ methods }) => [...methods]))].sort()
    },
  }
}

const createNode = (): Node => ({ literal: new Map(), parameter: undefined, methods: new Set() })

function childFor(node: Node, segment: string): Node {
  if (segment.startsWith('{')) {
    node.parameter ??= createNode()
    return node.parameter
  }
  const existing = node.literal.get(segment)
  if (existing !== undefined) return existing
  const created = createNode()
  node.literal.set(segment, created)
  return created
}

const segments = (path: string): readonly string[] => path.slice(1).split('/')

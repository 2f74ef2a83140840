/**
 * The layer check: reads the imports of every source and compares them with the layers of ARCHITECTURE.md.
 * `--write` rewrites the generated graph in ARCHITECTURE.md and docs/reference/dependencies.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkCycles } from './layers/cycles.js'
import { checkDeclarations, checkEdges, checkPlaces, checkTests } from './layers/edges.js'
import { type Graph, readGraph } from './layers/graph.js'
import { drawMermaid, writeReference } from './layers/picture.js'
import { checkPlacement, checkPurity } from './layers/purity.js'
import { type LayerRules, rules } from './layers/rules.js'
import { checkFileSize, checkFunctionSizes } from './layers/size.js'
import { checkSolution } from './layers/solution.js'
import { isFile, readText, repositoryRoot, sourceFiles } from './support/files.js'
import { isMain } from './support/main.js'
import { readBetween, writeBetween } from './support/markers.js'
import { nothingSeen, type Outcome, type Problem, report } from './support/report.js'
import { parseSource } from './support/source.js'

const referencePath = 'docs/reference/dependencies.md'
const architecturePath = 'ARCHITECTURE.md'
const pictureMarker = 'dependency-picture'

interface Generated {
  readonly path: string
  /** What the file says now; undefined when it, or its place for generated text, is missing. */
  readonly current: string | undefined
  readonly wanted: string
  readonly write: () => void
}

function generatedTexts(root: string, graph: Graph, layerRules: LayerRules): Generated[] {
  const read = (path: string): string | undefined => (isFile(join(root, path)) ? readText(root, path) : undefined)
  const reference = writeReference(graph, layerRules)
  const picture = drawMermaid(graph, layerRules)
  const architecture = read(architecturePath)
  const replaced = architecture && writeBetween(architecture, pictureMarker, picture)
  return [
    {
      path: referencePath,
      current: read(referencePath),
      wanted: reference,
      write: () => {
        mkdirSync(dirname(join(root, referencePath)), { recursive: true })
        writeFileSync(join(root, referencePath), reference)
      },
    },
    {
      path: architecturePath,
      current: architecture && readBetween(architecture, pictureMarker),
      wanted: picture,
      write: () => {
        if (replaced) writeFileSync(join(root, architecturePath), replaced)
      },
    },
  ]
}

const checkGenerated = (texts: readonly Generated[]): Problem[] =>
  texts
    .filter((text) => text.current !== text.wanted)
    .map(({ path, current }) => ({
      where: path,
      what:
        current === undefined
          ? 'has no generated dependency graph'
          : 'shows another dependency graph than the sources have',
      remedy: `Look at the new edges, then run \`npm run layers -- --write\` and commit${
        path === architecturePath ? ` (the picture stands between <!-- ${pictureMarker}:begin --> and :end)` : ''
      }.`,
    }))

/** Constructs and sizes, in packages, examples, tools and benchmarks. */
function checkFiles(root: string, files: readonly string[], graph: Graph, layerRules: LayerRules): Problem[] {
  const typescript = files.filter((path) => /\.(ts|tsx|mts)$/.test(path) && !path.includes('/templates/'))
  const owners = new Map(graph.modules.map((module) => [module.source.path, module.owner.id]))
  return typescript.flatMap((path) => {
    const text = readText(root, path)
    const problems = checkFileSize(path, text, layerRules)
    if (path.endsWith('.d.ts')) return problems
    const source = parseSource(path, text)
    const isOutside = layerRules.outsiders.some((each) => path.startsWith(each.folder))
    const isTest = /(^|\/)test\//.test(path)
    const place = { source, owner: owners.get(path) }
    // The tests of an example, too, are the same in every placement.
    if (!isOutside && (path.startsWith('examples/') || (path.startsWith('packages/') && !isTest)))
      problems.push(...checkPlacement(place, layerRules))
    // Tests are lists of cases: their describe blocks are long, and they may use the clock.
    if (isTest) return problems
    problems.push(...checkFunctionSizes(source, layerRules))
    if (/^(packages|examples\/[^/]+\/src)\//.test(path) && !isOutside) problems.push(...checkPurity(place, layerRules))
    return problems
  })
}

export function checkLayers(
  root: string,
  write: boolean,
  layerRules: LayerRules = rules,
  files: readonly string[] = sourceFiles(root),
): Outcome {
  const graph = readGraph(root, files)
  const texts = generatedTexts(root, graph, layerRules)
  if (write) for (const text of texts) text.write()
  const problems = [
    ...(graph.modules.length === 0 ? [nothingSeen('layers', 'modules')] : []),
    ...checkPlaces(graph, layerRules),
    ...checkEdges(graph, layerRules),
    ...checkDeclarations(graph),
    ...checkTests(graph),
    ...checkCycles(graph),
    ...checkSolution(root, files),
    ...checkFiles(root, files, graph, layerRules),
    ...checkGenerated(write ? generatedTexts(root, graph, layerRules) : texts),
  ]
  const edges = graph.modules.reduce((sum, module) => sum + module.edges.length, 0)
  const saw = `saw ${graph.modules.length} modules with ${edges} imports in ${graph.packages.length} packages`
  return { check: 'layers', saw, problems }
}

if (isMain(import.meta.url)) report(checkLayers(repositoryRoot, process.argv.includes('--write')))

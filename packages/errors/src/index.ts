export { type CatalogueEntry, catalogue, type ErrorCode } from './catalogue.js'
export type { ErrorData, Problem } from './data.js'
export {
  BanyanError,
  banyanError,
  errorData,
  fillTemplate,
  formatProblem,
  isBanyanError,
  problemsError,
} from './error.js'

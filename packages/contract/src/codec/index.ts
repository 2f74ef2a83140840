export { compileCodec } from './codec.js'
export { emptyCodec, portableCopy } from './portable-copy.js'
export {
  type Checked,
  type Codec,
  CodecError,
  type CodecProblem,
  type CodecStrategy,
  type Issue,
  isCodecError,
  type JsonSchema,
  type StandardSchema,
} from './types.js'

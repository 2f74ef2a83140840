/** A part of a configuration of nats-server: its text form is close to JSON, with comments. */
export type Setting = string | number | boolean | readonly Setting[] | Section

export interface Section {
  /** The name `#` is a comment above the rest. */
  readonly [name: string]: Setting
}

/** The text of a configuration. Texts are always quoted, so that `$` and dashes mean themselves. */
export function renderSection(section: Section, indent = ''): string {
  return Object.entries(section)
    .map(([name, value]) => {
      if (name === '#') return `${indent}# ${String(value)}`
      return `${indent}${keyText(name)}${isSection(value) ? '' : ':'} ${settingText(value, indent)}`
    })
    .join('\n')
}

function settingText(value: Setting, indent: string): string {
  if (typeof value === 'string') return quoted(value)
  if (isList(value)) {
    if (value.length === 0) return '[]'
    return `[\n${value.map((item) => `${indent}  ${settingText(item, `${indent}  `)}`).join('\n')}\n${indent}]`
  }
  if (!isSection(value)) return String(value)
  return Object.keys(value).length === 0 ? '{}' : `{\n${renderSection(value, `${indent}  `)}\n${indent}}`
}

const keyText = (name: string): string => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : quoted(name))

function quoted(text: string): string {
  // Names and subjects hold none of these; a path may, and nothing may end its quotes early.
  if (/["\\\n\r]/.test(text))
    throw new RangeError(`${JSON.stringify(text)} cannot stand in a configuration of nats-server`)
  return `"${text}"`
}

const isList = (value: Setting): value is readonly Setting[] => Array.isArray(value)
const isSection = (value: Setting): value is Section => typeof value === 'object' && !isList(value)

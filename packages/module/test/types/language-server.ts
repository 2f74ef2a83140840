import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const tsc = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url))

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly items?: readonly unknown[] }
  readonly result?: any
  readonly error?: unknown
}

/** A place in a text: the first character of `word` inside the first occurrence of `line`. */
export interface Place {
  readonly line: string
  readonly word: string
}

/** Asks the language server of TypeScript what an editor would ask. */
export class LanguageServer {
  readonly #process
  readonly #waiting = new Map<number, { resolve: (result: any) => void; reject: (reason: unknown) => void }>()
  #received = Buffer.alloc(0)
  #requests = 0

  constructor() {
    this.#process = spawn(process.execPath, [tsc, '--lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
    this.#process.stdout.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      for (let message = this.#next(); message !== undefined; message = this.#next()) this.#handle(message)
    })
    this.#process.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the language server ended with ${code}`))
    })
  }

  async start(folder: string): Promise<void> {
    const rootUri = pathToFileURL(folder).href
    const capabilities = {
      textDocument: { definition: { linkSupport: false }, hover: { contentFormat: ['plaintext'] } },
    }
    const workspaceFolders = [{ uri: rootUri, name: 'test' }]
    await this.#request('initialize', { processId: process.pid, rootUri, capabilities, workspaceFolders })
    this.#notify('initialized', {})
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#process.once('exit', () => resolve())
      this.#process.kill()
    })
  }

  /** Opens a file as an editor does. */
  async open(file: string): Promise<{ file: string; text: string }> {
    const text = await readFile(file, 'utf8')
    const textDocument = { uri: pathToFileURL(file).href, languageId: 'typescript', version: 1, text }
    this.#notify('textDocument/didOpen', { textDocument })
    return { file, text }
  }

  /** Where the definition stands: file and the text of that line. */
  async definition(document: { file: string; text: string }, place: Place): Promise<string[]> {
    const found: { uri: string; range: { start: { line: number } } }[] = await this.#at('definition', document, place)
    return Promise.all(found.map(({ uri, range }) => lineOf(uri, range.start.line)))
  }

  /** The lines that a rename would change, as file and text. */
  async rename(document: { file: string; text: string }, place: Place): Promise<string[]> {
    const edit: { changes?: Record<string, { range: { start: { line: number } } }[]> } = await this.#at(
      'rename',
      document,
      place,
      { newName: 'renamed' },
    )
    const places = Object.entries(edit.changes ?? {}).flatMap(([uri, edits]) =>
      edits.map(({ range }) => lineOf(uri, range.start.line)),
    )
    return (await Promise.all(places)).sort()
  }

  async hover(document: { file: string; text: string }, place: Place): Promise<string> {
    const { contents } = await this.#at('hover', document, place)
    return typeof contents === 'string' ? contents : contents.value
  }

  #at(method: string, { file, text }: { file: string; text: string }, place: Place, more: object = {}): Promise<any> {
    const start = text.indexOf(place.line)
    if (start < 0 || !place.line.includes(place.word)) throw new Error(`no ${place.word} in ${place.line}`)
    const before = text.slice(0, start + place.line.indexOf(place.word)).split('\n')
    const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
    return this.#request(`textDocument/${method}`, {
      textDocument: { uri: pathToFileURL(file).href },
      position,
      ...more,
    })
  }

  #request(method: string, params: object): Promise<any> {
    const id = ++this.#requests
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#send({ id, method, params })
    })
  }

  #notify(method: string, params: object): void {
    this.#send({ method, params })
  }

  #send(message: object): void {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }

  #next(): Message | undefined {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const length = Number(/Content-Length: (\d+)/i.exec(this.#received.subarray(0, end).toString())?.[1])
    if (this.#received.length < end + 4 + length) return undefined
    const body = this.#received.subarray(end + 4, end + 4 + length)
    this.#received = this.#received.subarray(end + 4 + length)
    return JSON.parse(body.toString())
  }

  #handle({ id, method, params, result, error }: Message): void {
    if (id === undefined) return
    // The server asks for settings and registers for changes of files: there are neither.
    if (method !== undefined) {
      this.#send({ id, result: params?.items?.map(() => null) ?? null })
      return
    }
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(JSON.stringify(error)))
  }
}

async function lineOf(uri: string, line: number): Promise<string> {
  const file = fileURLToPath(uri)
  const text = (await readFile(file, 'utf8')).split('\n')[line] ?? ''
  return `${basename(file)}: ${text.trim()}`
}

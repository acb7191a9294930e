/**
 * Changes parts of a JSON text and keeps the rest byte for byte. If it were parsed and written again,
 * numbers would lose digits and members their order.
 *
 * @module
 */

/** Where a value is: the names and positions that lead to it. */
export type Path = readonly (string | number)[]

/**
 * What to do with the value at a path: `undefined` looks inside it; a function returns its new text, or
 * `null` to remove the member.
 */
export type Edit = (path: Path) => ((raw: string) => string | null) | undefined

interface Change {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** White space between tokens. */
const SPACE = /[ \t\n\r]*/y
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y
const SCALAR = /[^\s,\]}]+/y

/**
 * Edits a JSON text.
 *
 * @throws {SyntaxError} When the text turns out not to be JSON. It is not checked completely.
 */
export function editJson(text: string, edit: Edit): string {
  const editor = new Editor(text, edit)
  editor.value([], undefined)
  return editor.result()
}

/** The members of a JSON object by name, as raw text. */
export function membersOf(text: string): Map<string, string> {
  const members = new Map<string, string>()
  editJson(text, ([name, inner]) => {
    if (name === undefined || inner !== undefined) return undefined
    return (raw) => {
      members.set(String(name), raw)
      return raw
    }
  })
  return members
}

/** The items of a JSON array, as raw text. */
export function itemsOf(text: string): string[] {
  return [...membersOf(text).values()]
}

/** Writes an object whose values are given as raw text. */
export function objectOf(members: Iterable<readonly [string, string | undefined]>): string {
  const written = [...members].flatMap(([name, raw]) =>
    raw === undefined ? [] : [`${JSON.stringify(name)}:${raw}`],
  )
  return `{${written.join(',')}}`
}

class Editor {
  readonly #text: string
  readonly #edit: Edit
  readonly #changes: Change[] = []
  #at = 0

  constructor(text: string, edit: Edit) {
    this.#text = text
    this.#edit = edit
  }

  result(): string {
    let result = ''
    let upTo = 0
    for (const { from, to, text } of this.#changes) {
      if (from < upTo) continue
      result += this.#text.slice(upTo, from) + text
      upTo = to
    }
    return result + this.#text.slice(upTo)
  }

  /** @param memberFrom Where the member with this value begins. */
  value(path: Path, memberFrom: number | undefined): 'kept' | 'removed' {
    this.#take(SPACE)
    const from = this.#at
    const make = path === IGNORE ? undefined : this.#edit(path)
    const first = this.#text[from]
    const inner = make ? IGNORE : path
    if (first === '{') this.#members(inner, '}', true)
    else if (first === '[') this.#members(inner, ']', false)
    else this.#take(first === '"' ? STRING : SCALAR, true)
    if (!make) return 'kept'
    const raw = this.#text.slice(from, this.#at)
    const text = make(raw)
    if (text === null && memberFrom !== undefined) return 'removed'
    if (text !== raw) this.#changes.push({ from, to: this.#at, text: text ?? 'null' })
    return 'kept'
  }

  #members(path: Path, end: string, isNamed: boolean): void {
    this.#at++
    this.#take(SPACE)
    let comma: number | undefined
    for (let index = 0; index > 0 || this.#text[this.#at] !== end; index++) {
      this.#take(SPACE)
      const from = this.#at
      const ending = this.value(this.#nameOf(path, index, isNamed), from)
      this.#take(SPACE)
      const isLast = this.#isLast(end)
      if (ending === 'removed') this.#remove(comma, from, isLast)
      if (ending === 'kept' || comma !== undefined) comma = this.#at
      if (isLast) break
      this.#at++
    }
    this.#at++
  }

  #isLast(end: string): boolean {
    const next = this.#text[this.#at]
    if (next !== end && next !== ',') throw new SyntaxError('not JSON')
    return next === end
  }

  /** Removes a member with the comma before it; the first member with the comma after it. */
  #remove(comma: number | undefined, from: number, isLast: boolean): void {
    const to = comma === undefined && !isLast ? this.#at + 1 : this.#at
    this.#changes.push({ from: comma ?? from, to, text: '' })
  }

  #nameOf(path: Path, index: number, isNamed: boolean): Path {
    if (!isNamed) return path === IGNORE ? IGNORE : [...path, index]
    const name = this.#take(STRING, true)
    this.#take(SPACE)
    if (this.#text[this.#at] !== ':') throw new SyntaxError('not JSON')
    this.#at++
    return path === IGNORE ? IGNORE : [...path, JSON.parse(name) as string]
  }

  #take(pattern: RegExp, isRequired = false): string {
    pattern.lastIndex = this.#at
    const [taken = ''] = pattern.exec(this.#text) ?? []
    if (isRequired && taken === '') throw new SyntaxError('not JSON')
    this.#at += taken.length
    return taken
  }
}

/** Stands for every path inside a value that is edited as a whole. */
const IGNORE: Path = ['']

/**
 * Reads structured fields by the parsing algorithm of RFC 9651, section 4.2: Lists of Items whose
 * values are Strings, Integers, Tokens, Byte Sequences and Booleans.
 *
 * @module
 */

/** An Item: its value, and its parameters in their order. */
export interface Item {
  readonly value: unknown
  readonly parameters: Readonly<Record<string, unknown>>
}

/** @throws {SyntaxError} When the text is not a List. */
export function parseList(text: string): readonly Item[] {
  const input = new Input(text.replace(/^ +/, ''))
  const items: Item[] = []
  while (!input.isAtEnd) {
    items.push(readItem(input))
    input.take(/^[ \t]*/)
    if (input.isAtEnd) return items
    input.need(/^,/)
    input.take(/^[ \t]*/)
    if (input.isAtEnd) throw new SyntaxError('a List ends in a comma')
  }
  return items
}

class Input {
  #rest: string

  constructor(text: string) {
    this.#rest = text
  }

  get isAtEnd(): boolean {
    return this.#rest === ''
  }

  take(pattern: RegExp): string | undefined {
    const [found] = pattern.exec(this.#rest) ?? []
    if (found !== undefined) this.#rest = this.#rest.slice(found.length)
    return found
  }

  need(pattern: RegExp): string {
    const found = this.take(pattern)
    if (found === undefined) throw new SyntaxError(`expected ${pattern}`)
    return found
  }
}

function readItem(input: Input): Item {
  const value = readBareItem(input)
  const parameters: Record<string, unknown> = {}
  while (input.take(/^;/) !== undefined) {
    input.take(/^ */)
    const key = input.need(/^[a-z*][a-z0-9_\-.*]*/)
    parameters[key] = input.take(/^=/) === undefined ? true : readBareItem(input)
  }
  return { value, parameters }
}

function readBareItem(input: Input): unknown {
  const text = input.take(/^"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/)
  if (text !== undefined) return text.slice(1, -1).replace(/\\(.)/g, '$1')
  const bytes = input.take(/^:[A-Za-z0-9+/=]*:/)
  if (bytes !== undefined) return Buffer.from(bytes.slice(1, -1), 'base64')
  const truth = input.take(/^\?[01]/)
  if (truth !== undefined) return truth === '?1'
  const token = input.take(/^[A-Za-z*][\w!#$%&'*+\-.^`|~:/]*/)
  if (token !== undefined) return Symbol.for(token)
  return Number(input.need(/^-?\d{1,15}/))
}

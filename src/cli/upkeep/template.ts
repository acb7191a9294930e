/**
 * Names with gaps, such as `cache:data:{namespace}:{key}`: to find keys by, to take them apart, and to
 * put others together.
 *
 * @module
 */

import { globOf } from '../keys/names.ts'
import { UsageError } from '../usage-error.ts'

type Part = { readonly text: string } | { readonly gap: string }

/** A name with gaps. */
export class Template {
  readonly #parts: readonly Part[]

  /**
   * @param option The option it was given by, for the error.
   * @throws {UsageError} When braces do not match, a gap is there twice, or two are side by side.
   */
  constructor(option: string, text: string) {
    this.#parts = parse(option, text)
  }

  /** What its gaps are called. */
  get gaps(): readonly string[] {
    return this.#parts.flatMap((part) => ('gap' in part ? [part.gap] : []))
  }

  /** What Redis finds such names by. */
  get glob(): string {
    return this.#parts.map((part) => ('gap' in part ? '*' : globOf(part.text))).join('')
  }

  /**
   * What is in the gaps of a name; `undefined` if it is no such name. A gap ends at the first place where
   * what follows it in the template stands; the last one takes all that is left. None is empty.
   */
  match(name: string): ReadonlyMap<string, string> | undefined {
    const found = new Map<string, string>()
    let at = 0
    for (const [i, part] of this.#parts.entries()) {
      if ('text' in part) {
        if (!name.startsWith(part.text, at)) return undefined
        at += part.text.length
        continue
      }
      const end = this.#endOfGap(name, at, i)
      if (end <= at) return undefined
      found.set(part.gap, name.slice(at, end))
      at = end
    }
    return at === name.length ? found : undefined
  }

  /** The name with these in its gaps. */
  fill(gaps: ReadonlyMap<string, string>): string {
    return this.#parts.map((part) => ('gap' in part ? gaps.get(part.gap) : part.text)).join('')
  }

  #endOfGap(name: string, at: number, i: number): number {
    const next = this.#parts[i + 1]
    if (next === undefined) return name.length
    const { text = '' } = next as { text?: string }
    const isLast = i + 2 === this.#parts.length
    return isLast ? name.length - text.length : name.indexOf(text, at + 1)
  }
}

function parse(option: string, text: string): Part[] {
  const parts: Part[] = []
  for (const [whole, gap] of text.matchAll(/\{([a-z][\w-]*)\}|[^{}]+|[{}]/gi)) {
    if (gap === undefined && /^[{}]$/.test(whole)) {
      throw new UsageError(`--${option} must have names in its braces, such as {key}`)
    }
    parts.push(gap === undefined ? { text: whole } : { gap })
  }
  const gaps = parts.flatMap((part) => ('gap' in part ? [part.gap] : []))
  const isUnclear = parts.some((part, i) => 'gap' in part && 'gap' in (parts[i + 1] ?? {}))
  if (parts.length === 0 || new Set(gaps).size < gaps.length) {
    throw new UsageError(`--${option} must not be empty, and must have each placeholder once`)
  }
  if (isUnclear) throw new UsageError(`--${option} must have text between two placeholders`)
  return parts
}

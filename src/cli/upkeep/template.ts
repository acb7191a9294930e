/**
 * Templates of names, such as `cache:data:{namespace}:{key}`. They find keys, parse their names, and build
 * new names.
 *
 * @module
 */

import { globOf } from '../keys/names.ts'
import { UsageError } from '../usage-error.ts'

type Part = { readonly text: string } | { readonly gap: string }

/** A name with gaps, which are placeholders in braces. */
export class Template {
  readonly #parts: readonly Part[]

  /**
   * @param option The option that gave the template, for error messages.
   * @throws {UsageError} When the text is empty, braces do not match, a gap occurs twice, or two are adjacent.
   */
  constructor(option: string, text: string) {
    this.#parts = parse(option, text)
  }

  /** The names of the gaps. */
  get gaps(): readonly string[] {
    return this.#parts.flatMap((part) => ('gap' in part ? [part.gap] : []))
  }

  /** The Redis glob that finds such names. */
  get glob(): string {
    return this.#parts.map((part) => ('gap' in part ? '*' : globOf(part.text))).join('')
  }

  /**
   * The texts in the gaps of a name; `undefined` if the name does not match. A gap ends at the first
   * occurrence of the text that follows it in the template; the last gap takes the rest. No gap is empty.
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

  /** The name with these texts in its gaps. */
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

/**
 * What can be asked of one field, and how two such questions combine.
 *
 * @module
 */

import { implies, withoutImplied } from './search.ts'

/** Nothing has such a value. */
export const NONE: unique symbol = Symbol('none')
/** Everything has such a value. */
export const UNITED: unique symbol = Symbol('all')

/** The algebra of the values that one field can be asked for. */
export interface Dimension<V> {
  /** What meets both. */
  both(a: V, b: V): V | typeof NONE
  /** What meets one of them at least; `NONE` where no single value says that. */
  either(a: V, b: V): V | typeof NONE | typeof UNITED
  /** Whether all that meets `b` meets `a`. */
  includes(a: V, b: V): boolean
}

/** Lists that a field's value is one of. With `words`, one that has them all excludes nothing. */
export function setOf<T extends string | null>(
  words: readonly T[] | undefined,
): Dimension<readonly T[]> {
  return {
    both(a, b) {
      const members = new Set(b)
      const shared = a.filter((member) => members.has(member))
      return shared.length === 0 ? NONE : Object.freeze(shared)
    },
    either(a, b) {
      const all = sortedSet([...a, ...b])
      return all.length === words?.length ? UNITED : all
    },
    includes(a, b) {
      const members = new Set(a)
      return b.every((member) => members.has(member))
    },
  }
}

/** Lists of names of an open set. */
export const namesAlone: Dimension<readonly string[]> = setOf<string>(undefined)

export const flag: Dimension<boolean> = {
  both: (a, b) => (a === b ? a : NONE),
  either: (a, b) => (a === b ? a : UNITED),
  includes: (a, b) => a === b,
}

interface Span {
  readonly from?: number
  readonly to?: number
}

/** Closed spans of whole numbers. */
export const range: Dimension<Span> = {
  both(a, b) {
    const [from, to] = [Math.max(startOf(a), startOf(b)), Math.min(endOf(a), endOf(b))]
    return from > to ? NONE : spanOf(from, to)
  },
  either(a, b) {
    // Neighbours leave nothing out between them.
    const isGap = endOf(a) + 1 < startOf(b) || endOf(b) + 1 < startOf(a)
    if (isGap) return NONE
    const [from, to] = [Math.min(startOf(a), startOf(b)), Math.max(endOf(a), endOf(b))]
    return Number.isFinite(from) || Number.isFinite(to) ? spanOf(from, to) : UNITED
  },
  includes: (a, b) => startOf(a) <= startOf(b) && endOf(a) >= endOf(b),
}

/** Lists of which a field with many values has one at least, each. */
export const wantedOfMany: Dimension<readonly (readonly string[])[]> = {
  both: (a, b) => withoutWeaker([...a, ...b]),
  either(a, b) {
    if (a.length * b.length > MAX_CLAUSES) return NONE
    return withoutWeaker(a.flatMap((one) => b.map((other) => sortedSet([...one, ...other]))))
  },
  includes: (a, b) => a.every((weaker) => b.some((list) => isPart(list, weaker))),
}

/** Lists that a union may lead to; more would be asked for by nobody. */
const MAX_CLAUSES = 16

/** Words that are all there. */
export const terms: Dimension<readonly string[]> = {
  both: (a, b) => Object.freeze(withoutImplied([...a, ...b])),
  either(a, b) {
    if (terms.includes(a, b)) return a
    return terms.includes(b, a) ? b : NONE
  },
  includes: (a, b) => a.every((term) => b.some((other) => implies(other, term))),
}

/** Null first, then by UTF-16 units: any fixed order does. */
export function sortedSet<T extends string | null>(list: readonly T[]): readonly T[] {
  return Object.freeze([...new Set(list)].sort(compareMembers))
}

function compareMembers(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null)
  return a < b ? -1 : Number(a > b)
}

/** Lists sorted, without repeats and without those that a narrower one implies. */
export function withoutWeaker(
  lists: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const distinct = [...new Map(lists.map((list) => [JSON.stringify(list), list])).entries()]
  const kept = distinct.filter(
    ([, list]) => !distinct.some(([, other]) => other !== list && isPart(other, list)),
  )
  return Object.freeze(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list))
}

function isPart(part: readonly string[], whole: readonly string[]): boolean {
  const members = new Set(whole)
  return part.every((member) => members.has(member))
}

function startOf({ from = Number.NEGATIVE_INFINITY }: Span): number {
  return from
}

function endOf({ to = Infinity }: Span): number {
  return to
}

function spanOf(from: number, to: number): Span {
  return Object.freeze({
    ...(Number.isFinite(from) ? { from } : {}),
    ...(Number.isFinite(to) ? { to } : {}),
  })
}

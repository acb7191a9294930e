/**
 * Guesses which name was meant.
 *
 * @module
 */

/** The most similar name, if at most a third of its letters (rounded up) differ from what was typed. */
export function suggest(typed: string, names: readonly string[]): string | undefined {
  const word = typed.toLowerCase().slice(0, 64)
  const ranked = names
    .map((name) => ({ name, distance: distanceBetween(word, name) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  if (!best || best.distance > Math.max(1, Math.ceil(best.name.length / 3))) return undefined
  return best.name
}

/**
 * How many letters have to be inserted, deleted, replaced, or swapped with their neighbours (optimal string
 * alignment; Damerau, CACM 1964).
 */
function distanceBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) row.push(cheapest(rows, a, b, i, j))
  }
  return rows.at(-1)?.at(-1) ?? 0
}

/** The distance between the first `i` letters of `a` and the first `j` letters of `b`. */
function cheapest(
  rows: readonly (readonly number[])[],
  a: string,
  b: string,
  i: number,
  j: number,
): number {
  const cost = (up: number, left: number): number => rows[i - up]?.[j - left] ?? Infinity
  const isSame = a[i - 1] === b[j - 1]
  const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
  return Math.min(
    cost(1, 0) + 1,
    cost(0, 1) + 1,
    cost(1, 1) + (isSame ? 0 : 1),
    isSwap ? cost(2, 2) + 1 : Infinity,
  )
}

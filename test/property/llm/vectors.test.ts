import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Dice } from '../../../scripts/mailbox/dice.ts'
import {
  cosine,
  hamming,
  packSigns,
  quantize,
  wordsFor,
} from '../../../src/llm/semantic/quantize.ts'
import { Shelf } from '../../../src/llm/semantic/shelf.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

const RUNS = amount(200, 5_000)

const vectorOf = (dimensions: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), {
      minLength: dimensions,
      maxLength: dimensions,
    })
    .filter((vector) => vector.some((value) => Math.abs(value) > 1e-3))

function exactCosine(a: readonly number[], b: readonly number[]): number {
  const [scaledA, scaledB] = [scaled(a), scaled(b)]
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, value, i) => sum + value * (y[i] ?? 0), 0)
  return (
    product(scaledA, scaledB) / Math.sqrt(product(scaledA, scaledA) * product(scaledB, scaledB))
  )
}

function scaled(vector: readonly number[]): number[] {
  const largest = Math.max(...vector.map(Math.abs))
  return vector.map((value) => value / largest)
}

/**
 * At most how far a cosine of codes is from that of the vectors, for the part of one code: the sum of
 * both codes' parts bounds it. Rounding moves each number by half a step, hence the vector by an angle
 * of at most the arc sine of that, and a cosine by no more than the angle.
 */
function cosineError(code: Int8Array): number {
  const moved = (0.5 * Math.sqrt(code.length)) / Math.hypot(...code)
  return moved >= 1 ? Math.PI / 2 : Math.asin(moved)
}

describe('quantize', () => {
  test('moves a cosine by no more than it says', ({ task }) => {
    let largest = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 96 }).chain((n) => fc.tuple(vectorOf(n), vectorOf(n))),
        ([a, b]) => {
          const [codeA, codeB] = [quantize(a, a.length), quantize(b, b.length)]
          const error = Math.abs(cosine(codeA, codeB) - exactCosine(a, b))
          largest = Math.max(largest, error)
          expect(error).toBeLessThanOrEqual(cosineError(codeA) + cosineError(codeB) + 1e-9)
        },
      ),
      { numRuns: RUNS },
    )
    found(task, 'int8 cosines', { run: RUNS, 'largest error': largest.toFixed(4) })
  })

  test('moves the cosine of embeddings of 384 numbers by less than a hundredth', () => {
    const dice = new Dice(7)
    const gauss = (): number =>
      Math.sqrt(-2 * Math.log(1 - dice.next())) * Math.cos(6.283 * dice.next())
    for (let i = 0; i < 200; i++) {
      const a = Array.from({ length: 384 }, gauss)
      const b = a.map((value) => value + gauss() * dice.next() * 2)

      const error = Math.abs(cosine(quantize(a, 384), quantize(b, 384)) - exactCosine(a, b))

      expect(error).toBeLessThan(0.01)
    }
  })

  test('packs the signs, so that the Hamming distance is the number of different signs', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 96 }).chain((n) => fc.tuple(vectorOf(n), vectorOf(n))),
        ([a, b]) => {
          const words = wordsFor(a.length)
          const [codeA, codeB] = [quantize(a, a.length), quantize(b, b.length)]
          const [signsA, signsB] = [new Uint32Array(words), new Uint32Array(words)]
          packSigns(codeA, signsA)
          packSigns(codeB, signsB)

          const differ = codeA.filter((value, i) => value > 0 !== (codeB[i] ?? 0) > 0).length
          expect(hamming(signsA, signsB, words)).toBe(differ)
        },
      ),
      { numRuns: RUNS },
    )
  })

  test.each([
    ['of another length', [1, 2, 3]],
    ['of zeros', Array.from({ length: 8 }, () => 0)],
    ['with NaN', [1, 2, 3, 4, 5, 6, 7, Number.NaN]],
    ['with infinity', [1, 2, 3, 4, 5, 6, 7, Number.POSITIVE_INFINITY]],
  ])('refuses a vector %s', (_what, vector) => {
    expect(() => quantize(vector, 8)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_VALUE' }),
    )
  })
})

describe('Shelf', () => {
  /** Vectors as embeddings are: in clusters, so that neighbours are near. */
  function clustered(dice: Dice, count: number, dimensions: number): Int8Array[] {
    const gauss = (): number =>
      Math.sqrt(-2 * Math.log(1 - dice.next())) * Math.cos(6.283 * dice.next())
    const centres = Array.from({ length: 40 }, () => Array.from({ length: dimensions }, gauss))
    return Array.from({ length: count }, () => {
      const centre = centres[dice.below(centres.length)] as number[]
      return quantize(
        centre.map((value) => value + 0.7 * gauss()),
        dimensions,
      )
    })
  }

  test('finds by sign bits what a full comparison finds', ({ task }) => {
    const [count, dimensions, queries] = [amount(3_000, 20_000), 384, amount(100, 1_000)]
    const dice = new Dice(11)
    const codes = clustered(dice, count, dimensions)
    const shelf = new Shelf(dimensions)
    for (const [i, code] of codes.entries()) shelf.put(String(i), code)

    let nearest = 0
    let nearAny = 0
    let near = 0
    for (let q = 0; q < queries; q++) {
      const base = codes[dice.below(count)] as Int8Array
      const query = quantize(
        Array.from(base, (value) => value + dice.next() * 60 - 30),
        dimensions,
      )
      const all = codes
        .map((code, i) => ({ id: String(i), similarity: cosine(query, code) }))
        .toSorted((a, b) => b.similarity - a.similarity)
      const hits = shelf.search(query, 1)
      if (hits[0]?.id === all[0]?.id) nearest++
      // What a policy could serve: a recall of those above 0.9 matters more than the order below.
      for (const { id, similarity } of all.slice(0, 8)) {
        if (similarity < 0.9) continue
        near++
        if (shelf.search(query, 8).some((hit) => hit.id === id)) nearAny++
      }
    }
    found(task, 'prefilter', {
      queries,
      'nearest found': (nearest / queries).toFixed(4),
      'of those above 0.9 found': near === 0 ? 'none there' : (nearAny / near).toFixed(4),
    })
    expect(nearest / queries).toBeGreaterThanOrEqual(0.99)
    expect(nearAny).toBeGreaterThanOrEqual(near * 0.995)
    expect(near).toBeGreaterThan(0)
  })

  test('is a map with a search, whatever is put and deleted', () => {
    const step = fc.record({
      put: fc.boolean(),
      id: fc.integer({ min: 0, max: 12 }).map((n) => `id${n}`),
      vector: vectorOf(16),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), vectorOf(16), (steps, asked) => {
        const shelf = new Shelf(16)
        const model = new Map<string, Int8Array>()
        for (const { put, id, vector } of steps) {
          const code = quantize(vector, 16)
          if (put) {
            shelf.put(id, code)
            model.set(id, code)
          } else {
            shelf.delete(id)
            model.delete(id)
          }
        }
        const query = quantize(asked, 16)
        const expected = [...model.values()]
          .map((code) => cosine(query, code))
          .toSorted((a, b) => b - a)
          .slice(0, 5)
        const hits = shelf.search(query, 5)

        expect(shelf.size).toBe(model.size)
        expect(hits).toHaveLength(expected.length)
        for (const [i, { id, similarity }] of hits.entries()) {
          // The shelf keeps lengths in 32 bits.
          expect(Math.abs(similarity - (expected[i] as number))).toBeLessThan(2e-6)
          expect(cosine(query, model.get(id) as Int8Array)).toBeCloseTo(similarity, 5)
        }
      }),
      { numRuns: RUNS },
    )
  })
})

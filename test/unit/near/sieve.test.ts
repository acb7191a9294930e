import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Node, Sieve } from '../../../src/near/sieve.ts'

interface Named extends Node {
  readonly name: string
}

const nodeOf = (name: string, sizeBytes = 1): Named => ({
  name,
  sizeBytes,
  isUsed: false,
  older: undefined,
  newer: undefined,
})

/** A sieve, and the names of the evicted nodes, in order. */
function make(maxEntries: number, maxBytes = 1_000): { sieve: Sieve<Named>; gone: string[] } {
  const gone: string[] = []
  const sieve = new Sieve<Named>({ maxEntries, maxBytes }, ({ name }) => gone.push(name))
  return { sieve, gone }
}

describe('Sieve', () => {
  test('evicts the oldest nodes if none was used', () => {
    const { sieve, gone } = make(2)
    for (const name of ['a', 'b', 'c', 'd']) sieve.add(nodeOf(name))

    expect(gone).toEqual(['a', 'b'])
    expect(sieve.size).toEqual({ entries: 2, bytes: 2 })
  })

  // The example of the paper's figure 1: A, B and G were used; the hand stands at the oldest.
  test('skips used nodes, clears their mark, and continues from there at the next eviction', () => {
    const { sieve, gone } = make(7)
    const nodes = ['g', 'f', 'e', 'd', 'c', 'b', 'a'].map((name) => nodeOf(name))
    for (const node of nodes) sieve.add(node)
    for (const node of nodes) node.isUsed = 'abg'.includes(node.name)

    sieve.add(nodeOf('h'))
    expect(gone).toEqual(['f'])
    expect(nodes[0]?.isUsed).toBe(false)
    sieve.add(nodeOf('i'))
    sieve.add(nodeOf('j'))

    // G has lost its mark, but stays until the hand comes around to it again.
    expect(gone).toEqual(['f', 'e', 'd'])
  })

  test('evicts a node that it has already passed if all nodes were used', () => {
    const { sieve, gone } = make(2)
    const [a, b] = [nodeOf('a'), nodeOf('b')]
    sieve.add(a)
    sieve.add(b)
    a.isUsed = true
    b.isUsed = true

    sieve.add(nodeOf('c'))

    expect(gone).toEqual(['a'])
    sieve.add(nodeOf('d'))
    expect(gone).toEqual(['a', 'b'])
  })

  test('keeps a correct size within its bounds after any sequence of operations', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'use', 'replace', 'remove'),
      which: fc.nat(9),
      size: fc.integer({ min: 1, max: 30 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const held = new Map<string, Named>()
        const bounds = { maxEntries: 5, maxBytes: 60 }
        const sieve = new Sieve<Named>(bounds, ({ name }) => held.delete(name))
        steps.forEach(({ what, which, size }, i) => {
          const node = [...held.values()][which]
          if (what === 'add') {
            const added = nodeOf(`n${i}`, size)
            held.set(added.name, added)
            sieve.add(added)
          } else if (node && what === 'use') node.isUsed = true
          else if (node && what === 'replace') {
            const next = nodeOf(node.name, size)
            held.set(next.name, next)
            sieve.replace(node, next)
          } else if (node) {
            held.delete(node.name)
            sieve.remove(node)
          }
          const bytes = [...held.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
          expect(sieve.size).toEqual({ entries: held.size, bytes })
          expect(held.size).toBeLessThanOrEqual(bounds.maxEntries)
          expect(bytes).toBeLessThanOrEqual(bounds.maxBytes)
        })
      }),
    )
  })
})

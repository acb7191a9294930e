import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../src/cache/manager.ts'
import { createSemanticMatcher } from '../../../src/llm/semantic/create-matcher.ts'
import type { Embedder } from '../../../src/llm/semantic/embedder.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import { amount } from '../../support/deep.ts'
import { found } from '../../support/findings.ts'

/** Finds all prompts equal, so that only the scope can tell them apart. */
const blind: Embedder = {
  model: 'blind',
  dimensions: 8,
  isLocal: true,
  embed: (texts) => Promise.resolve(texts.map(() => [1, 2, 3, 4, 5, 6, 7, 8])),
}

/** Scopes that resemble each other in ways that escaping and joining could confuse. */
const scope = fc.oneof(
  fc.constantFrom(
    'a',
    'A',
    'a/',
    '/a',
    'a/b',
    'a:b',
    'a%2Fb',
    'a b',
    'a\0b',
    'a}',
    '{a',
    'é',
    'e\u0301',
    '*',
  ),
  fc.string({ minLength: 1, maxLength: 6, unit: 'grapheme' }).filter((text) => text.isWellFormed()),
)

describe('scopes', () => {
  test('never see what was remembered in another', async ({ task }) => {
    let looks = 0
    let leaks = 0
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(scope, { minLength: 2, maxLength: 6 }), async (scopes) => {
        const cache = new RedisCacheManager({ redis: embeddedTransport() })
        const make = () =>
          createSemanticMatcher({
            cache,
            embedder: blind,
            policy: { kind: 'static', minSimilarity: 0.5 },
          })
        const writer = make()
        const written = scopes.filter((_, i) => i % 2 === 0)
        for (const name of written) {
          await writer.remember({
            scope: name,
            prompt: 'the same',
            entryId: `of-${scopes.indexOf(name)}`,
          })
        }
        for (const matcher of [writer, make()]) {
          for (const [i, name] of scopes.entries()) {
            const match = await matcher.match({ scope: name, prompt: 'the same' })
            const expected = written.includes(name) ? `of-${i}` : undefined
            looks++
            if ((match.kind === 'hit' ? match.entryId : undefined) !== expected) leaks++
          }
        }
        expect(leaks).toBe(0)
      }),
      { numRuns: amount(40, 1_000) },
    )
    found(task, 'scopes', { looks, leaks })
  })
})

import { describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../../src/cache/manager.ts'
import type { SemanticMatcherOptions } from '../../../../src/llm/semantic/create-matcher.ts'
import { createSemanticMatcher } from '../../../../src/llm/semantic/create-matcher.ts'
import type { Embedder } from '../../../../src/llm/semantic/embedder.ts'
import { read } from '../../../../src/llm/semantic/reading.ts'
import { findVeto, type VetoReason } from '../../../../src/llm/semantic/veto.ts'
import { embeddedTransport } from '../../../../src/redis/embedded/index.ts'
import { cpuTimeOf } from '../../../support/cpu-time.ts'
import { found } from '../../../support/findings.ts'
import { ADVERSARIAL, SAME } from './adversarial-pairs.ts'

const all = Object.values(ADVERSARIAL).flat()

/** The worst possible encoder: it gives all texts the same vector. */
const blind: Embedder = {
  model: 'blind',
  dimensions: 8,
  isLocal: true,
  embed: (texts) => Promise.resolve(texts.map(() => [1, 0, 0, 0, 0, 0, 0, 0])),
}

/** The pairs where one prompt is served the answer of the other. */
async function hits(
  pairs: readonly (readonly [string, string])[],
  options: SemanticMatcherOptions,
): Promise<readonly (readonly [string, string])[]> {
  const cache = new RedisCacheManager({ redis: embeddedTransport() })
  const matcher = createSemanticMatcher({ cache, ...options })
  const found: (readonly [string, string])[] = []
  for (const [i, pair] of pairs.entries()) {
    const [a, b] = pair
    await matcher.remember({ scope: `${i}a`, prompt: a, entryId: 'e' })
    await matcher.remember({ scope: `${i}b`, prompt: b, entryId: 'e' })
    const there = await matcher.match({ scope: `${i}a`, prompt: b })
    const back = await matcher.match({ scope: `${i}b`, prompt: a })
    if (there.kind === 'hit' || back.kind === 'hit') found.push(pair)
  }
  return found
}

describe('the veto', () => {
  test('rejects all adversarial pairs, even for an encoder that sees no difference', async ({
    task,
  }) => {
    const policy = { kind: 'static', minSimilarity: 0.5 } as const
    const served = await hits(all, { embedder: blind, policy })

    found(task, 'adversarial pairs, blind encoder', { run: all.length, hits: served.length })
    expect(all.length).toBeGreaterThanOrEqual(300)
    expect(served).toEqual([])
  })

  test('rejects all of them for the built-in embedder', async ({ task }) => {
    const served = await hits(all, {})

    found(task, 'adversarial pairs, built-in', { run: all.length, hits: served.length })
    expect(served).toEqual([])
  })

  test('does not reject prompts in nearly the same words, so that they hit', async ({ task }) => {
    const served = await hits(SAME, {})

    found(task, 'benign pairs, built-in', { run: SAME.length, hits: served.length })
    expect(SAME.filter((pair) => !served.includes(pair))).toEqual([])
  })

  test('does not reject other words for the same when meaning is compared', () => {
    const pairs = [
      ['How do I reset my password?', 'I forgot my login credentials, what now?'],
      ['What is the tallest mountain on earth?', 'Which peak reaches highest above the sea?'],
      ['How do I keep bread fresh?', 'What is the best way to store a loaf so it stays soft?'],
    ] as const

    expect(pairs.map(([a, b]) => findVeto(read(a), read(b)))).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test.each([
    ['How do I keep track of my expenses?', 'How do you keep track of your expenses?'],
    ['Why does my screen flicker?', 'Why does your screen flicker?'],
    ['How can one improve his or her skills?', 'How can one improve his skills?'],
    ['How does he improve his skills?', 'How do they improve their skills?'],
  ])('treats the persons of "%s" as those of "%s"', (a, b) => {
    expect(findVeto(read(a), read(b))).not.toBe('person')
  })

  test.each<[VetoReason, string, string]>([
    ['language', 'Why is the sky blue?', 'Warum ist der Himmel blau?'],
    ['number', 'Cook pasta for two', 'Cook pasta for 3'],
    ['number', 'Who has the id 175928847299117063?', 'Who has the id 175928847299117064?'],
    ['unit', '5 miles is how far?', '5 km is how far?'],
    ['identifier', 'Explain parse_args', 'Explain parse_known'],
    ['identifier', 'What does git branch -d do?', 'What does git branch -D do?'],
    ['identifier', 'Does \\w match a dash?', 'Does \\W match a dash?'],
    ['negation', 'It works', 'It does not work'],
    ['antonym', 'Turn it on', 'Turn it off'],
    ['antonym', 'Is it healthy?', 'Is it unhealthy?'],
    ['entity', 'Is it cold in Oslo?', 'Is it cold in Rome?'],
    ['person', 'What should I say to her?', 'What should I say to him?'],
    ['person', 'What is my name?', 'What is your name?'],
    ['direction', 'from A street to B street', 'from B street to A street'],
    ['question', 'When was the bridge built?', 'Where was the bridge built?'],
    ['word', 'a poem about autumn leaves', 'a story about autumn leaves'],
  ])('names %s', (reason, a, b) => {
    expect(findVeto(read(a), read(b))).toBe(reason)
  })

  test('is symmetric, and never rejects a prompt with itself', () => {
    for (const [a, b] of [...all, ...SAME]) {
      expect(findVeto(read(a), read(a), 'wording')).toBeUndefined()
      for (const strictness of ['meaning', 'wording'] as const) {
        expect(findVeto(read(a), read(b), strictness)).toBe(findVeto(read(b), read(a), strictness))
      }
    }
  })

  test.each([
    ['digits', '1'.repeat(20_000)],
    ['dots', 'a.'.repeat(10_000)],
    ['slashes', '/a'.repeat(10_000)],
    ['commas', '1,'.repeat(10_000)],
    ['dashes', 'a-'.repeat(10_000)],
    ['brackets', '((('.repeat(6_000)],
    ['backticks', '`'.repeat(20_000)],
    ['spaces', ' '.repeat(20_000)],
    ['apostrophes', "x's".repeat(6_000)],
  ])('reads 20,000 characters of %s in bounded time', (_what, text) => {
    // A hundred times the usual time; a pattern that backtracks takes minutes.
    expect(cpuTimeOf(() => read(text))).toBeLessThan(5_000)
  })
})

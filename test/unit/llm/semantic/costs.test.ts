import { beforeEach, describe, expect, test } from 'vitest'
import { RedisCacheManager } from '../../../../src/cache/manager.ts'
import type { SemanticMatcherOptions } from '../../../../src/llm/semantic/create-matcher.ts'
import { createSemanticMatcher } from '../../../../src/llm/semantic/create-matcher.ts'
import type { Embedder } from '../../../../src/llm/semantic/embedder.ts'
import type { Matcher } from '../../../../src/llm/semantic/matcher.ts'
import { EmbeddedRedis, embeddedTransport } from '../../../../src/redis/embedded/index.ts'
import {
  type CountingTransport,
  countingTransport,
} from '../../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'
import { liveHeapBytes } from '../../../support/live-heap.ts'

/** Texts with similar vectors that all differ. */
const near: Embedder = {
  model: 'near',
  dimensions: 8,
  isLocal: true,
  embed: (texts) => Promise.resolve(texts.map((text) => [100, text.length % 7, 0, 0, 0, 0, 0, 0])),
}

const verified = { embedder: near, policy: { kind: 'verified' } } as const
const fixed = { embedder: near, policy: { kind: 'static', minSimilarity: 0.9 } } as const

// I12
describe('the cost of an operation, in requests and commands', () => {
  let platform: ManualPlatform
  let engine: EmbeddedRedis
  let counted: CountingTransport

  beforeEach(() => {
    platform = new ManualPlatform()
    engine = new EmbeddedRedis({ platform })
    counted = countingTransport(embeddedTransport({ engine }))
  })

  const make = (options: SemanticMatcherOptions): Matcher =>
    createSemanticMatcher({
      cache: new RedisCacheManager({ redis: counted, platform }),
      ...options,
    })
  const cost = async (task: () => Promise<unknown>): Promise<readonly [number, number]> => {
    counted.reset()
    await task()
    return [counted.counts.requests, counted.counts.commands]
  }
  const remember = (matcher: Matcher, i = 0): Promise<void> =>
    matcher.remember({ scope: 's', prompt: `what is topic${i}x`, entryId: `e${i}` })
  const ask = (matcher: Matcher) => matcher.match({ scope: 's', prompt: 'what is topic0x' })

  test('a match costs one command if the last one is more than a second ago, otherwise none', async () => {
    const matcher = make(fixed)
    await remember(matcher)

    expect(await cost(() => ask(matcher))).toEqual([1, 1])
    expect(await cost(() => ask(matcher))).toEqual([0, 0])
    await platform.advance(1_000)
    expect(await cost(() => ask(matcher))).toEqual([1, 1])
  })

  test('a decision of the verified policy costs one more command, and two once a minute', async () => {
    const matcher = make(verified)
    await remember(matcher)

    expect(await cost(() => ask(matcher))).toEqual([2, 3])
    expect(await cost(() => ask(matcher))).toEqual([1, 1])
    await platform.advance(60_000)
    expect(await cost(() => ask(matcher))).toEqual([2, 3])
  })

  test('remembering, learning and forgetting cost one command each', async () => {
    const matcher = make(verified)
    await ask(matcher)
    const candidate = { entryId: 'e0', similarity: 0.9 }

    expect(await cost(() => remember(matcher))).toEqual([1, 1])
    expect(await cost(() => matcher.learn({ scope: 's', candidate, same: true }))).toEqual([1, 1])
    expect(await cost(() => matcher.forget('s', ['e0', 'e1']))).toEqual([1, 1])
    expect(await cost(() => matcher.forgetScope('s'))).toEqual([1, 1])
  })

  test('a scope is read a megabyte at a time, and a large one over several matches', async () => {
    const wide: Embedder = {
      ...near,
      dimensions: 4_096,
      embed: (texts) =>
        Promise.resolve(
          texts.map((text) => Array.from({ length: 4_096 }, (_, i) => (i % 7) + text.length)),
        ),
    }
    // 169 of 4,096 numbers are a megabyte in base64; eight of these are read by one match.
    const writer = make({ ...fixed, embedder: wide })
    for (let i = 0; i < 1_400; i++) await remember(writer, i)
    const reader = make({ ...fixed, embedder: wide })

    expect(await cost(() => ask(reader))).toEqual([8, 8])
    expect(await cost(() => ask(reader))).toEqual([1, 1])
    expect(await cost(() => ask(reader))).toEqual([0, 0])
  })

  test('a scope is read a megabyte at a time too if its prompts are long', async () => {
    const writer = make(fixed)
    for (let i = 0; i < 1_600; i++) {
      const prompt = `${i}x ${'word '.repeat(390)}`
      await writer.remember({ scope: 's', prompt, entryId: `e${i}` })
    }

    // Of two kilobytes each.
    expect(await cost(() => ask(make(fixed)))).toEqual([4, 4])
  })

  test('prompts with the same text are embedded once by all isolates together', async () => {
    const asked: string[] = []
    const remote: Embedder = {
      ...near,
      isLocal: false,
      embed: (texts) => {
        asked.push(...texts)
        return near.embed(texts)
      },
    }
    const [one, other] = [
      make({ ...fixed, embedder: remote }),
      make({ ...fixed, embedder: remote }),
    ]
    expect(await cost(() => remember(one))).toEqual([4, 4])
    await ask(other)
    // Within a second of the last match the scope is not read: this is the cost of the embedding.
    expect(await cost(() => ask(other))).toEqual([1, 1])

    expect(asked).toEqual(['what is topic0x'])
    expect(await ask(other)).toMatchObject({ kind: 'hit', entryId: 'e0' })
  })

  test('the vectors of an isolate stay within their bound: whole scopes are dropped', async () => {
    const matcher = make({ ...fixed, maxBytes: 4_000 })
    for (let scope = 0; scope < 6; scope++) {
      await matcher.remember({ scope: `s${scope}`, prompt: 'what is it', entryId: 'e' })
      await matcher.match({ scope: `s${scope}`, prompt: 'what is it' })
    }

    const again = (scope: number) => matcher.match({ scope: `s${scope}`, prompt: 'what is it' })
    expect(await cost(() => again(5))).toEqual([0, 0])
    expect(await cost(() => again(0))).toEqual([1, 1])
    expect(await again(0)).toMatchObject({ kind: 'hit' })
  })
})

test('a prompt keeps only its vector and its text in memory, not all text that was read for it', async () => {
  const dimensions = 1_536
  const embedder: Embedder = {
    model: 'wide',
    dimensions,
    isLocal: true,
    embed: async (texts) => texts.map((text) => new Float32Array(dimensions).fill(text.length)),
  }
  const engine = new EmbeddedRedis()
  const make = (): Matcher =>
    createSemanticMatcher({
      cache: new RedisCacheManager({ redis: embeddedTransport({ engine }) }),
      embedder,
    })
  const writer = make()
  for (let i = 0; i < 2_000; i++) {
    await writer.remember({ scope: 's', prompt: `what is the topic of ${i}`, entryId: `entry${i}` })
  }
  const reader = make()
  await reader.match({ scope: 's', prompt: 'what is this' })
  engine.execute(['FLUSHALL'])
  const inUse = liveHeapBytes()

  await reader.forgetScope('s')

  // More than four megabytes of text were read for them.
  expect(inUse - liveHeapBytes()).toBeLessThan(2_000_000)
})

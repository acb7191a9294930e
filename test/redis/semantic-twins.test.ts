import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RedisCacheManager } from '../../src/cache/manager.ts'
import { createSemanticMatcher } from '../../src/llm/semantic/create-matcher.ts'
import type { Command, Reply, Transport } from '../../src/redis/requester.ts'
import * as scripts from '../../src/redis/scripts/semantic.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { amount } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { suiteRedis } from '../support/suite-redis.ts'
import { expectSameStories } from '../support/twin-stories.ts'
import { describeWithRedis } from '../support/with-redis.ts'

const RUNS = amount(100, 2_000)
const IDS = ['a', 'b', 'c', 'd']
const KEYS = ['v:{s}', 'w:{s}', 'j:{s}'] as const
/** A log position later than any clock. */
const FAR = '4000000000000000'
const JUDGEMENTS = [';aaaaaa09991', ';bbbbbb05000', ';cccccc10001']

const step = fc.record({
  kind: fc.constantFrom('remember', 'forget', 'since', 'learn', 'again', 'drop', 'far'),
  ids: fc.uniqueArray(fc.constantFrom(...IDS), { minLength: 1, maxLength: 3 }),
  most: fc.integer({ min: 1, max: 4 }),
  which: fc.nat(20),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Side {
  readonly #transport: Transport
  readonly #sent: Command[] = []
  readonly #places = new Map<string, string>()

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async run(one: Step): Promise<unknown> {
    const command = this.#commandOf(one)
    if (one.kind !== 'again') this.#sent.push(command)
    const { result, error } = await this.#send(command)
    return [this.#normal([result ?? null, error ?? null]), await this.#dump()]
  }

  #commandOf({ kind, ids, most, which }: Step): Command {
    const [id = 'a'] = ids
    const [vectors, log, state] = KEYS
    switch (kind) {
      case 'remember':
        return evalsha(scripts.SEMANTIC_REMEMBER, KEYS, [id, `téxt-${which}`, most, 1_000_000])
      case 'forget':
        return evalsha(scripts.SEMANTIC_FORGET, KEYS, ids)
      case 'since':
        return evalsha(
          scripts.SEMANTIC_SINCE,
          [vectors, log],
          [which % 4 < 3 ? 0 : FAR, most, which * 2],
        )
      case 'learn': {
        const judgement = JUDGEMENTS[which % JUDGEMENTS.length] ?? ''
        const entries = which % 3 === 0 ? most : 0
        return evalsha(
          scripts.SEMANTIC_LEARN,
          [vectors, state],
          [id, judgement, 24, 900_000, entries],
        )
      }
      case 'again':
        return this.#sent[which % Math.max(1, this.#sent.length)] ?? ['PING']
      case 'drop':
        return ['DEL', KEYS[which % KEYS.length] ?? log]
      default:
        return ['ZADD', log, FAR, id]
    }
  }

  #send(body: Command) {
    return this.#transport.request<Reply>({ path: [], body })
  }

  async #dump(): Promise<unknown> {
    const [vectors, log, state] = KEYS
    const hash = async (key: string) => {
      const flat = (await this.#send(['HGETALL', key])).result as unknown as string[]
      return Array.from({ length: flat.length / 2 }, (_, i) =>
        flat.slice(i * 2, i * 2 + 2).join('='),
      ).toSorted()
    }
    const ids = (await this.#send(['ZRANGE', log, 0, -1])).result
    const lives = await Promise.all(KEYS.map((key) => this.#send(['PTTL', key])))
    const hundreds = lives.map(({ result }) => Math.round(Number(result) / 100_000))
    return [await hash(vectors), ids, await hash(state), hundreds]
  }

  /** Replaces log positions that come from the clock by the order of their first appearance. */
  #normal(answer: unknown): unknown {
    const text = JSON.stringify(answer).replaceAll(/"1\d{15}"/g, (place) => {
      const known = this.#places.get(place) ?? `"#${this.#places.size}"`
      this.#places.set(place, known)
      return known
    })
    return JSON.parse(text)
  }
}

function evalsha(
  { sha1 }: { readonly sha1: string },
  keys: readonly string[],
  args: readonly (string | number)[],
): Command {
  return ['EVALSHA', sha1, keys.length, ...keys, ...args]
}

describeWithRedis('the scripts of semantic matching', () => {
  const suite = suiteRedis(scripts.SEMANTIC_SCRIPTS)

  test('have the same effect in the embedded engine as in Redis, in random sequences', async ({
    task,
  }) => {
    const steps = await expectSameStories({
      redis: suite.redis,
      step,
      sideOn: (transport) => new Side(transport),
      length: { minLength: 5, maxLength: 25 },
      numRuns: RUNS,
    })
    found(task, 'semantic twins', { stories: RUNS, steps })
  })

  test('give a matcher the same results on a real Redis as on the embedded engine', async () => {
    await suite.redis.request({ path: [], body: ['FLUSHALL'] })
    const make = () =>
      createSemanticMatcher({
        cache: new RedisCacheManager({
          redis: tcpTransport({ url: suite.server.url }),
          deadline: '10s',
        }),
      })
    const [writer, reader] = [make(), make()]
    for (let i = 0; i < 30; i++) {
      await writer.remember({ scope: 's', prompt: `How do I cook dish${i}x?`, entryId: `e${i}` })
    }

    expect(await reader.match({ scope: 's', prompt: 'how can I cook dish7x' })).toMatchObject({
      kind: 'hit',
      entryId: 'e7',
    })
    await writer.forget('s', ['e7'])
    expect(await make().match({ scope: 's', prompt: 'how can I cook dish7x' })).not.toMatchObject({
      kind: 'hit',
    })
  })

  test('keep every judgement of many concurrent connections', async () => {
    await suite.redis.request({ path: [], body: ['FLUSHALL'] })
    const make = () =>
      createSemanticMatcher({
        cache: new RedisCacheManager({
          redis: tcpTransport({ url: suite.server.url }),
          deadline: '10s',
        }),
      })
    const matchers = Array.from({ length: 8 }, make)
    await matchers[0]?.remember({ scope: 's', prompt: 'what is it', entryId: 'e' })

    await Promise.all(
      matchers.flatMap((matcher) =>
        Array.from({ length: 8 }, () =>
          matcher.learn({ scope: 's', candidate: { entryId: 'e', similarity: 0.5 }, same: true }),
        ),
      ),
    )

    const { result: keys } = await suite.redis.request<string[]>({
      path: [],
      body: ['KEYS', '*:j:*'],
    })
    const body = ['HGET', keys?.[0] ?? '', 'e']
    const { result } = await suite.redis.request<string>({ path: [], body })
    expect(result).toHaveLength(64 * 12)
  })
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EmbeddedRedis, embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { restTransport } from '../../../src/redis/rest.ts'
import { chaosFetch } from '../../../src/testing/chaos-fetch.ts'
import { chaosPlatform } from '../../../src/testing/chaos-platform.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { ContractViolation } from '../../../src/testing/contract/check.ts'
import type { MakeTransport } from '../../../src/testing/contract/contract-case.ts'
import { transportContract } from '../../../src/testing/contract/transport-contract.ts'
import { countingTransport } from '../../../src/testing/counting-transport.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { wrapTransport } from '../../../src/testing/wrap.ts'
import { type RestEndpoint, startRestEndpoint } from '../../support/rest-endpoint.ts'

const EMBEDDED = { lua: false }
const OFF = {
  enabled: false,
  faults: { fail: 0.2, loseReply: 0.2, duplicate: 0.2, lateDuplicate: 0.2, hang: 0.1, latency: 1 },
} as const

function describeContract(name: string, make: MakeTransport): void {
  describe(`${name} keeps the contract:`, () => {
    for (const { name: sentence, run } of transportContract(make, EMBEDDED)) test(sentence, run)
  })
}

describeContract('the embedded transport', () => embeddedTransport())
describeContract('countingTransport', () => countingTransport(embeddedTransport()))
describeContract('chaosTransport, when it is off,', () => chaosTransport(embeddedTransport(), OFF))
describeContract('a transport on chaosPlatform, when it is off,', () => {
  const faults = { offset: 1, stepBack: 1, freeze: 1, lateTimer: 1 }
  const platform = chaosPlatform(new ManualPlatform(), { enabled: false, faults })
  return embeddedTransport({ platform })
})

describe('under chaosFetch, when it is off,', () => {
  const engine = new EmbeddedRedis()
  let endpoint: RestEndpoint

  beforeAll(async () => {
    endpoint = await startRestEndpoint({ requester: embeddedTransport({ engine }) })
  })

  afterAll(() => endpoint.stop())

  describeContract('restTransport', () => {
    engine.execute(['FLUSHALL'])
    const { url, token } = endpoint
    return restTransport({ url, token, fetch: chaosFetch(OFF) })
  })
})

type Answer = (request: RedisRequest, answer: unknown) => unknown

/** The embedded transport with a fault in its answers. */
function broken(spoil: Answer): MakeTransport {
  return () => {
    const inner = embeddedTransport()
    return wrapTransport(
      inner,
      async (request) => spoil(request, await inner.request(request)) as never,
      {},
    )
  }
}

const isPipeline = ({ path = [] }: RedisRequest): boolean => path[0] === 'pipeline'
const rewrite = (change: (result: unknown) => unknown): Answer => {
  const one = (answer: { result?: unknown }): object =>
    'result' in answer ? { ...answer, result: change(answer.result) } : answer
  return (_request, answer) => (Array.isArray(answer) ? answer.map(one) : one(answer as object))
}

/** Each fault of a transport, with a word of the clause that it violates. */
const FAULTS: readonly (readonly [fault: string, make: MakeTransport, clause: string])[] = [
  ['numbers as texts', broken(rewrite((r) => (typeof r === 'number' ? `${r}` : r))), 'a number'],
  ['nil as undefined', broken(rewrite((r) => r ?? undefined)), 'a nil'],
  [
    'numeric texts as numbers',
    broken(rewrite((r) => (/^\d+$/.test(String(r)) ? Number(r) : r))),
    'looks like a number',
  ],
  [
    'texts without a byte order mark',
    broken(rewrite((r) => (typeof r === 'string' ? r.replace('\uFEFF', '') : r))),
    'byte order mark',
  ],
  [
    'the answers of a pipeline in reverse',
    broken((request, answer) =>
      isPipeline(request) ? (answer as unknown[]).toReversed() : answer,
    ),
    'in order',
  ],
  [
    'one answer for a pipeline of one',
    broken((request, answer) => {
      return isPipeline(request) && (answer as unknown[]).length === 1
        ? (answer as unknown[])[0]
        : answer
    }),
    'a pipeline of one',
  ],
  [
    'the first hundred answers of a pipeline',
    broken((request, answer) =>
      isPipeline(request) ? (answer as unknown[]).slice(0, 100) : answer,
    ),
    'a thousand commands',
  ],
  [
    'a rejection for an error reply',
    broken((_request, answer) => {
      if ((answer as { error?: string }).error) throw new Error('refused')
      return answer
    }),
    'an error reply',
  ],
  [
    'the reason of the signal as a result',
    () => {
      const inner = embeddedTransport()
      const request: Transport['request'] = async (sent) =>
        sent.signal?.aborted ? { result: sent.signal.reason } : inner.request(sent)
      return wrapTransport(inner, request, {})
    },
    'signal is aborted already',
  ],
  [
    'no attention to a signal under way',
    () => {
      const inner = embeddedTransport()
      const request: Transport['request'] = async ({ signal, ...sent }) => {
        signal?.throwIfAborted()
        await new Promise((resolve) => setImmediate(resolve))
        return inner.request(sent)
      }
      return wrapTransport(inner, request, {})
    },
    'rejects with its reason',
  ],
  [
    'a transaction in pieces',
    () => {
      const inner = embeddedTransport()
      const request: Transport['request'] = async (sent) => {
        if (sent.path?.[0] !== 'multi-exec') return inner.request(sent)
        const answers: unknown[] = []
        for (const body of sent.body as []) answers.push(await inner.request({ path: [], body }))
        return answers as never
      }
      return wrapTransport(inner, request, {})
    },
    'between those of a transaction',
  ],
  [
    'requests after it was closed',
    () => ({ ...wrapped(embeddedTransport()), close: async () => undefined }),
    'closed',
  ],
]

function wrapped(inner: Transport): Transport {
  return wrapTransport(inner, (request) => inner.request(request), {})
}

describe('the contract of a transport', () => {
  test.each(FAULTS)('notices: %s', async (_fault, make, word) => {
    const cases = transportContract(make, EMBEDDED)
    const results = await Promise.allSettled(cases.map(({ run }) => run()))
    const broke = cases.filter((_, i) => results[i]?.status === 'rejected')

    expect(broke.map(({ name }) => name)).toContainEqual(expect.stringContaining(word))
  })

  test('says briefly what the transport did wrong', async () => {
    const make = broken(rewrite((r) => (r === 'v' ? 'w'.repeat(1_000) : r)))
    const [first] = transportContract(make, EMBEDDED)
    const error = await first?.run().catch((thrown: unknown) => thrown)

    expect(error).toBeInstanceOf(ContractViolation)
    expect(String(error)).toMatch(
      /^ContractViolation: GET answers the text: expected {"result":"v"}, got {"result":"w+… \(1013 characters\)$/,
    )
  })

  test('says so if the transport answers a bigint, which JSON cannot show', async () => {
    const make = broken(rewrite((r) => (typeof r === 'number' ? BigInt(r) : r)))
    const [first] = transportContract(make, EMBEDDED)

    await expect(first?.run()).rejects.toThrow(
      'INCRBY answers a number: expected {"result":41}, got {"result":"41n"}',
    )
  })

  test('gives up on a transport that does not answer, and closes it', async () => {
    const closed = Promise.withResolvers<void>()
    const silent = (): Transport => ({
      ...wrapTransport(embeddedTransport(), () => new Promise(() => undefined), {}),
      close: async () => closed.resolve(),
    })
    const [first] = transportContract(silent, { timeoutMs: 20 })

    await expect(first?.run()).rejects.toThrow('Not done within 20 ms')
    await closed.promise
  })

  test('has a different name for each case, and script cases only if any script can run', () => {
    const names = transportContract(() => embeddedTransport()).map(({ name }) => name)

    expect(new Set(names).size).toBe(names.length)
    expect(names.length - transportContract(() => embeddedTransport(), EMBEDDED).length).toBe(1)
  })
})

import { globSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bridge } from '../../src/bridge/index.ts'
import { dashboard } from '../../src/dashboard/index.ts'
import { CachedEmailRepository } from '../../src/email/index.ts'
import { sessionCookie } from '../../src/hono/index.ts'
import { cachedFetch, cachingProxy } from '../../src/http/index.ts'
import { RedisCacheManager, restTransport } from '../../src/index.ts'
import {
  createSemanticMatcher,
  LLMResponseCache,
  ollamaEmbedder,
  openaiEmbedder,
  upstashVectorStore,
  vectorizeStore,
  workersAIEmbedder,
} from '../../src/llm/index.ts'
import { llmProxy } from '../../src/llm/proxy/index.ts'
import {
  CacheMonitor,
  HotKeys,
  Metrics,
  otlpSink,
  RedisFigures,
  webhook,
} from '../../src/monitor/index.ts'
import { statsdSink } from '../../src/monitor/statsd/index.ts'
import { webPlatform } from '../../src/platform/web.ts'
import { RateLimiter } from '../../src/ratelimit/index.ts'
import { DurableSnapshot, durableTransport } from '../../src/redis/durable/index.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import { nodeFetch } from '../../src/redis/node/index.ts'
import { tcpTransport } from '../../src/redis/tcp/index.ts'
import { SessionUserCache } from '../../src/session/index.ts'
import { chaosFetch, chaosLoader, chaosPlatform, chaosTransport } from '../../src/testing/index.ts'
import { createCacheMiddleware } from '../../src/trpc/index.ts'
import { Warming } from '../../src/warming/index.ts'
import { RealtimeClient } from '../../src/websocket/client/index.ts'
import { WebSocketCache } from '../../src/websocket/index.ts'
import { optionsIn } from './option-names.ts'

const ROOT = join(import.meta.dirname, '../..')
/** Options by folder and interface: two folders may use the same name of an interface. */
const OPTIONS = globSync('src/*/**/*.ts', { cwd: ROOT }).flatMap((file) => {
  const [, folder] = file.split(sep)
  return optionsIn(readFileSync(join(ROOT, file), 'utf8')).map(({ owner, name }) => ({
    owner: `${folder}/${owner}`,
    name,
  }))
})
const UNKNOWN = 'there is no such option'

const redis = embeddedTransport()
const cache = new RedisCacheManager({ redis })
const figures = new RedisFigures({ cache })
const monitor = new CacheMonitor({ cache, figures })
const EMBEDDER = { model: 'm', dimensions: 8 }
const TOKEN = 'a-token-of-some-length'

/** A function or class, the interfaces of its options, a call with options, and valid options. */
type Row = readonly [name: string, owners: string, take: (options: never) => unknown, valid: object]

const TAKERS: readonly Row[] = [
  ['restTransport', 'redis/RestOptions', restTransport, { url: 'https://a.example', token: TOKEN }],
  ['tcpTransport', 'redis/TcpOptions', tcpTransport, { host: 'a.example' }],
  ['embeddedTransport', 'redis/EmbeddedOptions', embeddedTransport, {}],
  [
    'RedisCacheManager',
    'cache/EntryOptions cache/CacheOptions',
    (o) => new RedisCacheManager(o),
    { redis },
  ],
  ['namespace', 'cache/EntryOptions cache/NamespaceOptions', (o) => cache.namespace('n', o), {}],
  [
    'CachedEmailRepository',
    'email/CachedEmailRepositoryOptions',
    (o) => new CachedEmailRepository(o),
    {},
  ],
  ['LLMResponseCache', 'llm/LLMResponseCacheOptions', (o) => new LLMResponseCache(o), {}],
  ['createSemanticMatcher', 'llm/SemanticMatcherOptions', createSemanticMatcher, {}],
  [
    'ollamaEmbedder',
    'llm/RemoteEmbedderOptions llm/OllamaEmbedderOptions',
    ollamaEmbedder,
    EMBEDDER,
  ],
  [
    'openaiEmbedder',
    'llm/RemoteEmbedderOptions llm/OpenAIEmbedderOptions',
    openaiEmbedder,
    { ...EMBEDDER, apiKey: TOKEN },
  ],
  ['workersAIEmbedder', 'llm/WorkersAIEmbedderOptions', workersAIEmbedder, { ...EMBEDDER, ai: {} }],
  ['upstashVectorStore', 'llm/UpstashVectorStoreOptions', upstashVectorStore, {}],
  ['vectorizeStore', 'llm/VectorizeStoreOptions', vectorizeStore, {}],
  ['llmProxy', 'llm/LLMProxyOptions', llmProxy, {}],
  [
    'SessionUserCache',
    'session/LifetimeOptions session/SessionOptions',
    (o) => new SessionUserCache(o),
    { redis },
  ],
  ['sessionCookie', 'hono/SessionCookieOptions', sessionCookie, {}],
  ['WebSocketCache', 'websocket/WebSocketCacheOptions', (o) => new WebSocketCache(o), { redis }],
  ['RealtimeClient', 'websocket/ClientOptions', (o) => new RealtimeClient(o), {}],
  ['cachedFetch', 'http/HttpCacheOptions http/CachedFetchOptions', cachedFetch, {}],
  ['cachingProxy', 'http/HttpCacheOptions http/CachingProxyOptions', cachingProxy, {}],
  [
    'createCacheMiddleware',
    'trpc/ProcedureCacheOptions trpc/CacheMiddlewareOptions',
    createCacheMiddleware,
    {},
  ],
  ['RateLimiter', 'ratelimit/RateLimiterOptions', (o) => new RateLimiter(o), {}],
  [
    'a policy of a RateLimiter',
    'ratelimit/RateLimitPolicy',
    (o) => new RateLimiter({ redis, policies: [o] }),
    {},
  ],
  ['Metrics', 'monitor/MetricsOptions', (o) => new Metrics(o), { cache, sinks: [] }],
  ['RedisFigures', 'monitor/RedisFiguresOptions', (o) => new RedisFigures(o), { cache }],
  ['CacheMonitor', 'monitor/CacheMonitorOptions', (o) => new CacheMonitor(o), { cache, figures }],
  ['HotKeys', 'monitor/HotKeysOptions', (o) => new HotKeys(o), { cache }],
  ['statsdSink', 'monitor/StatsdOptions', statsdSink, {}],
  ['otlpSink', 'monitor/OtlpOptions', otlpSink, { url: 'https://a.example' }],
  ['webhook', 'monitor/WebhookOptions', webhook, { url: 'https://a.example' }],
  ['nodeFetch', 'redis/NodeFetchOptions', nodeFetch, {}],
  ['durableTransport', 'redis/DurableOptions', durableTransport, {}],
  ['DurableSnapshot', 'redis/DurableSnapshotOptions', (o) => new DurableSnapshot(o), {}],
  ['Warming', 'warming/WarmingOptions', (o) => new Warming(o), { cache }],
  [
    'a job of Warming',
    'warming/WarmingJob',
    (o) => new Warming({ cache }).register(o),
    { id: 'a', name: 'A', priority: 1, schedule: '0 * * * *', handler: () => 1 },
  ],
  ['chaosFetch', 'testing/ChaosOptions testing/ChaosFetchOptions', chaosFetch, {}],
  ['chaosLoader', 'testing/ChaosLoaderOptions', (o) => chaosLoader(() => 1, o), {}],
  ['chaosPlatform', 'testing/ChaosPlatformOptions', (o) => chaosPlatform(webPlatform(), o), {}],
  ['chaosTransport', 'testing/ChaosOptions', (o) => chaosTransport(redis, o), {}],
  ['dashboard', 'dashboard/DashboardOptions', dashboard, { cache, monitor, authenticate: TOKEN }],
  ['bridge', 'bridge/BridgeDatabase bridge/BridgeLimits', bridge, { redis, token: TOKEN }],
]

describe.each(TAKERS)('%s', (_, owners, take, valid) => {
  async function refusal(options: object): Promise<string> {
    try {
      await take({ ...valid, ...options } as never)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }

  test('refuses an option that does not exist', async () => {
    expect(await refusal({ surprise: 1 })).toMatch(/surprise.*there is no such option/)
  })

  test('accepts each option of its interfaces', async () => {
    const wanted = owners.split(' ')
    const names = OPTIONS.filter(({ owner }) => wanted.includes(owner)).map(({ name }) => name)
    const messages = await Promise.all(names.map((name) => refusal({ [name]: undefined })))

    expect(names).not.toEqual([])
    expect(messages.filter((message) => message.includes(UNKNOWN))).toEqual([])
  })
})

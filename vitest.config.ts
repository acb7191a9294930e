import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { isDeep } from './test/support/deep.ts'
import { LeftOutReporter } from './test/support/left-out-reporter.ts'
import { llmUpstream } from './test/support/llm-upstream.ts'
import { realtimeApps } from './test/support/websocket/apps.ts'

/** Tests run on the sources: package exports lead there under this condition. */
const SOURCES = ['nearcache:source']

const BINDINGS = {
  ADMIN_TOKEN: 'test-admin-token',
  MAIL_TOKEN: 'test-mailbox-token',
  REDIS_SNAPSHOT: 'on',
  OLLAMA_BASE_URL: 'http://model.test',
  OPENAI_BASE_URL: 'http://model.test/v1',
  LLM_TOKEN: 'test-llm-token-0123',
  LLM_MATCHING: 'wording',
  REALTIME_APPS: JSON.stringify(realtimeApps),
  REALTIME_HUBS: '2',
  REALTIME_MIRROR: 'on',
}

/** Deep runs take as long as they take, beside whatever else the machine does. */
const TEST_MS = isDeep ? 600_000 : 20_000

/** What the Worker under test reaches by `fetch`: a model, and nothing of the network. */
const model = llmUpstream()

/** The REST endpoint that the Worker is to be tested on, if one is given; else its Durable Object. */
function givenRedis(): Readonly<Record<string, string>> {
  const { TEST_REDIS_REST_URL: url, TEST_REDIS_REST_TOKEN: token } = process.env
  return url && token ? { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token } : {}
}

export default defineConfig({
  test: {
    reporters: ['default', new LeftOutReporter()],
    maxConcurrency: 2,
    // The default is one less than the number of cores, which would leave one of two cores idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Like `eventually`: the default of one second is too short on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    // For machines whose speed varies. Tests that passed only on a retry are listed at the end.
    retry: Number(process.env['RETRY'] ?? 0),
    projects: [
      {
        resolve: { conditions: SOURCES },
        ssr: { resolve: { conditions: SOURCES } },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workers/**'],
          setupFiles: ['test/support/seeds.ts'],
          testTimeout: TEST_MS,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: { ...BINDINGS, ...givenRedis() },
              // A given REST endpoint must stay reachable for the Worker, so it keeps its real network.
              ...(process.env['TEST_REDIS_REST_URL'] === undefined && {
                outboundService: (request: Request) => model.fetch(request),
              }),
            },
          }),
        ],
        resolve: { conditions: ['workerd', 'worker', 'browser', ...SOURCES] },
        ssr: { resolve: { conditions: ['workerd', 'worker', 'browser', ...SOURCES] } },
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          testTimeout: TEST_MS,
        },
      },
    ],
  },
})

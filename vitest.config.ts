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
    // By default one less than there are cores, which of two leaves one idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // As `eventually`: a second is not enough beside other work.
    expect: { poll: { timeout: 15_000 } },
    // For a machine that is slow by fits and starts. What passed so is named at the end.
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
              // With an endpoint of a test's own, the Worker has to reach it.
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

import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { LeftOutReporter } from './test/support/left-out-reporter.ts'

/** Tests run on the sources: package exports lead there under this condition. */
const SOURCES = ['nearcache:source']

export default defineConfig({
  test: {
    reporters: ['default', new LeftOutReporter()],
    maxConcurrency: 2,
    projects: [
      {
        resolve: { conditions: SOURCES },
        ssr: { resolve: { conditions: SOURCES } },
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workers/**'],
          testTimeout: 20_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: { ADMIN_TOKEN: 'test-admin-token', REDIS_SNAPSHOT: 'on' } },
          }),
        ],
        resolve: { conditions: ['workerd', 'worker', 'browser', ...SOURCES] },
        ssr: { resolve: { conditions: ['workerd', 'worker', 'browser', ...SOURCES] } },
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
    ],
  },
})

/** What the runtime binds in tests: wrangler.toml, and the token of vitest.config.ts. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('../../workers/index.ts')
  }

  interface Env {
    readonly DB: D1Database
    readonly REDIS: DurableObjectNamespace<
      import('../../workers/objects/redis-object.ts').RedisObject
    >
    readonly ADMIN_TOKEN: string
    readonly CACHE: string
  }
}

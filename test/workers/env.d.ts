/** What the runtime binds in tests: wrangler.toml, and the tokens of vitest.config.ts. */
declare namespace Cloudflare {
  interface GlobalProps {
    mainModule: typeof import('../../workers/index.ts')
  }

  interface Env {
    readonly DB: D1Database
    readonly REDIS: DurableObjectNamespace<
      import('../../workers/objects/redis-object.ts').RedisObject
    >
    readonly SOCKET_HUBS: DurableObjectNamespace<
      import('../../workers/objects/realtime-objects.ts').SocketHubObject
    >
    readonly CHANNELS: DurableObjectNamespace<
      import('../../workers/objects/realtime-objects.ts').ChannelObject
    >
    readonly DIRECTORIES: DurableObjectNamespace<
      import('../../workers/objects/realtime-objects.ts').DirectoryObject
    >
    readonly ADMIN_TOKEN: string
    readonly MAIL_TOKEN: string
    readonly CACHE: string
    readonly REALTIME_APPS: string
  }
}

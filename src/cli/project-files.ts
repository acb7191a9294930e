/**
 * The files of a project that deploys the Worker of this package.
 *
 * @module
 */

/** A file to write. */
export interface ProjectFile {
  /** From the folder of the project. */
  readonly path: string
  readonly content: string
  /** Files that say the same in another form: with one of them it is not written. */
  readonly unless?: readonly string[]
}

const COMPATIBILITY_DATE = '2026-10-01'

/** The files. @param name That of the Worker. */
export function projectFiles(name: string): readonly ProjectFile[] {
  return [
    {
      path: 'wrangler.jsonc',
      content: wranglerConfig(name),
      unless: ['wrangler.toml', 'wrangler.json'],
    },
    { path: 'src/worker.ts', content: ENTRY },
    { path: '.dev.vars.example', content: SECRETS },
  ]
}

function wranglerConfig(name: string): string {
  return `{
  "$schema": "node_modules/wrangler/config-schema.json",
  "name": "${name}",
  "main": "src/worker.ts",
  "compatibility_date": "${COMPATIBILITY_DATE}",
  "minify": true,
  "keep_names": false,
  "upload_source_maps": true,
  // What browsers load beside the pages of the Worker.
  "assets": { "directory": "node_modules/nearcache/workers/assets" },
  "observability": { "enabled": true },
  // Names each deployment, so that the first isolates of one warm the cache once.
  "version_metadata": { "binding": "CF_VERSION_METADATA" },
  // The heartbeat of the warming jobs.
  "triggers": { "crons": ["*/5 * * * *"] },
  // The mailbox: "npx wrangler d1 create nearcache" prints the id to put here.
  "d1_databases": [
    {
      "binding": "DB",
      "database_name": "nearcache",
      "database_id": "00000000-0000-0000-0000-000000000000",
      "migrations_dir": "node_modules/nearcache/migrations"
    }
  ],
  // The shared tier where no Upstash is set up: one region, held in memory.
  // The others are realtime: hubs with the sockets, one object for each channel, the list of channels.
  "durable_objects": {
    "bindings": [
      { "name": "REDIS", "class_name": "RedisObject" },
      { "name": "SOCKET_HUBS", "class_name": "SocketHubObject" },
      { "name": "CHANNELS", "class_name": "ChannelObject" },
      { "name": "DIRECTORIES", "class_name": "DirectoryObject" }
    ]
  },
  "migrations": [
    { "tag": "v1", "new_sqlite_classes": ["RedisObject"] },
    { "tag": "v2", "new_sqlite_classes": ["SocketHubObject", "ChannelObject", "DirectoryObject"] }
  ]
}
`
}

const ENTRY = [
  "export * from 'nearcache/worker'",
  "export { default } from 'nearcache/worker'",
  '',
].join('\n')

const SECRETS = `# Copy to .dev.vars for "npx wrangler dev", and keep that file out of git.
# Deployed, set each by "npx wrangler secret put NAME".

# The shared tier on Upstash, for every region; without these it is the Durable Object.
# UPSTASH_REDIS_REST_URL=https://example.upstash.io
# UPSTASH_REDIS_REST_TOKEN=
# Opens the mailbox; without it it is open on localhost alone. At least 16 characters.
# MAIL_TOKEN=
# Opens /admin and /dashboard; without it they are closed. At least 16 characters.
# ADMIN_TOKEN=
# Where alerts are posted when they begin and end, as JSON.
# ALERT_WEBHOOK_URL=
# Seals the sessions: id:secret, the secret 32 random bytes as hex or base64.
# SESSION_KEYS=
# Who may connect at /app and publish at /apps:
# REALTIME_APPS=[{"id":"1","key":"","secret":""}]
`

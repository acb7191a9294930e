/**
 * The files of a project that deploys the Worker of this package.
 *
 * @module
 */

/** A file to write. */
export interface ProjectFile {
  /** Relative to the folder of the project. */
  readonly path: string
  readonly content: string
  /** Equivalent files in another format. If one of them exists, this file is not written. */
  readonly unless?: readonly string[]
}

const COMPATIBILITY_DATE = '2026-10-01'

/** The files of the project. @param name The name of the Worker. */
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
  // Static files that the pages of the Worker load.
  "assets": { "directory": "node_modules/nearcache/workers/assets" },
  "observability": { "enabled": true },
  // Identifies the deployment, so that the cache is warmed once after each.
  "version_metadata": { "binding": "CF_VERSION_METADATA" },
  // Checks for due warming jobs.
  "triggers": { "crons": ["*/5 * * * *"] },
  // The mailbox. Create it with "npx wrangler d1 create nearcache" and put its id here.
  "d1_databases": [
    {
      "binding": "DB",
      "database_name": "nearcache",
      "database_id": "00000000-0000-0000-0000-000000000000",
      "migrations_dir": "node_modules/nearcache/migrations"
    }
  ],
  // REDIS is the shared tier if Upstash is not configured: one region, held in memory.
  // The others serve realtime: hubs that hold sockets, one object per channel, lists of channels.
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
# In production, set each with "npx wrangler secret put NAME".

# Upstash as the shared tier of all regions. Without it, the Durable Object is the shared tier.
# UPSTASH_REDIS_REST_URL=https://example.upstash.io
# UPSTASH_REDIS_REST_TOKEN=
# Token of the mailbox, at least 16 characters. Without it, the mailbox is open on localhost only.
# MAIL_TOKEN=
# Token of /admin and /dashboard, at least 16 characters. Without it, they are closed.
# ADMIN_TOKEN=
# URL to which alerts are posted as JSON when they start and end.
# ALERT_WEBHOOK_URL=
# Keys that encrypt the sessions: id:secret, where the secret is 32 random bytes as hex or base64.
# SESSION_KEYS=
# Realtime apps, which may connect at /app and publish at /apps:
# REALTIME_APPS=[{"id":"1","key":"","secret":""}]
`

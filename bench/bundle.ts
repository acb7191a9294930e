/**
 * Bytes that users ship: each part of the package as a bundler outputs it, compared with other packages.
 *
 * @module
 */

import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build, type Metafile, version } from 'esbuild'
import type { Report, Table } from './measure.ts'
import { peerFolder } from './peers.ts'

const ROOT = join(import.meta.dirname, '..')
const CORE = 'RedisCacheManager + restTransport'

/** Subpaths that are measured one by one; all run on edge runtimes. */
const SUBPATHS = [
  'nearcache',
  'nearcache/errors',
  'nearcache/email',
  'nearcache/trpc',
  'nearcache/email/mime',
  'nearcache/session',
  'nearcache/websocket',
  'nearcache/websocket/client',
  'nearcache/ratelimit',
  'nearcache/hono',
  'nearcache/http',
  'nearcache/llm',
  'nearcache/llm/ai',
  'nearcache/llm/proxy',
  'nearcache/redis/embedded',
  'nearcache/redis/durable',
  'nearcache/websocket/objects',
  'nearcache/bridge',
  'nearcache/monitor',
  'nearcache/dashboard',
  'nearcache/warming',
  'nearcache/websocket/protocol',
  'nearcache/platform/workers',
  'nearcache/testing',
  'nearcache/interop/bentocache',
  'nearcache/interop/keyv',
  'nearcache/interop/better-auth',
  'nearcache/interop/hono-sessions',
  'nearcache/interop/unstorage',
]

/** Imports of a user's Worker with a remote tier on Upstash; modules with interdependent exports are whole. */
export const WORKER_PARTS = `
  export { Hono } from 'hono'
  export { RedisCacheManager, restTransport } from 'nearcache'
  export { dashboardPages } from 'nearcache/dashboard'
  export { session, sessionCookie } from 'nearcache/hono'
  export { CacheMonitor, HotKeys, Metrics, RedisFigures } from 'nearcache/monitor'
  export { SessionUserCache } from 'nearcache/session'
  export { Warming } from 'nearcache/warming'
  export { createApps, realtimeApi } from 'nearcache/websocket/protocol'
  export * from 'nearcache/websocket/objects'
  export * from 'nearcache/platform/workers'`

/** The client that another cache over HTTP would use. */
const FLOOR = '@upstash/redis'

/** The smallest set of imports that makes each a working cache or client. */
const PEERS: Readonly<Record<string, string>> = {
  [FLOOR]: `export { Redis } from '@upstash/redis'`,
  'lru-cache': `export { LRUCache } from 'lru-cache'`,
  'cachified + lru-cache + @upstash/redis': `
    export { cachified } from '@epic-web/cachified'
    export { LRUCache } from 'lru-cache'
    export { Redis } from '@upstash/redis'`,
  '@unkey/cache + @upstash/redis': `
    export { createCache, DefaultStatefulContext, Namespace } from '@unkey/cache'
    export { UpstashRedisStore } from '@unkey/cache/stores'
    export { Redis } from '@upstash/redis'`,
  ocache: `export { createMemoryStorage, defineCachedFunction } from 'ocache'`,
  'layered-loader': `export { Loader } from 'layered-loader'`,
  'async-cache-dedupe': `export { createCache } from 'async-cache-dedupe'`,
  'cache-manager': `export { createCache } from 'cache-manager'`,
  cacheable: `export { Cacheable } from 'cacheable'`,
  'cacheable + @keyv/redis': `
    export { Cacheable } from 'cacheable'
    export { default as KeyvRedis } from '@keyv/redis'`,
  'bentocache, memory': `
    export { BentoCache, bentostore } from 'bentocache'
    export { memoryDriver } from 'bentocache/drivers/memory'`,
  'bentocache, memory + redis': `
    export { BentoCache, bentostore } from 'bentocache'
    export { memoryDriver } from 'bentocache/drivers/memory'
    export { redisDriver } from 'bentocache/drivers/redis'`,
}

interface Bundle {
  readonly name: string
  readonly bytes: number
  readonly gzipped: number
  readonly needsNode: boolean
  readonly inputs: Metafile['outputs'][string]['inputs']
}

/** Runs the benchmark. */
export async function benchBundle(): Promise<Report> {
  const core = await bundle(
    CORE,
    `export { RedisCacheManager, restTransport } from 'nearcache'`,
    ROOT,
  )
  const ours = [core]
  for (const subpath of SUBPATHS)
    ours.push(await bundle(subpath, `export * from '${subpath}'`, ROOT))
  const worker = await bundle(
    'the Worker',
    `
    export * from './dist/worker/index.js'
    export { default } from './dist/worker/index.js'`,
    ROOT,
  )
  ours.push(worker)
  ours.push(await bundle('cache, sessions, presence, dashboard and jobs', WORKER_PARTS, ROOT))
  const folder = peerFolder()
  const others: Bundle[] = []
  for (const [name, code] of Object.entries(PEERS)) others.push(await bundle(name, code, folder))

  const upstash = others.find(({ name }) => name === FLOOR) ?? core
  return {
    title: 'Bytes to ship',
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets: [
      { what: `${CORE}: KB, gzipped`, measured: kilobytes(core), bound: { atMost: 18 } },
      { what: 'the Worker: KB, gzipped', measured: kilobytes(worker), bound: { atMost: 150 } },
    ],
    tables: [
      sizes('Ours', ours, upstash),
      sizes('Others', others, upstash),
      await startupTable(),
      composition(`${CORE}, by package`, core, ownerOf),
      composition(`${CORE}, our part by folder`, core, folderOf),
    ],
    notes: [
      `esbuild ${version}: minified ESM, es2024, for browsers where that can be; gzip at level 9.`,
    ],
  }
}

/** Bundles for browsers. Code that imports Node's modules is bundled for Node instead, and marked. */
async function bundle(name: string, code: string, folder: string): Promise<Bundle> {
  const options = {
    stdin: { contents: code, resolveDir: folder, sourcefile: 'entry.js' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    external: ['cloudflare:*'],
    write: false,
    metafile: true,
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
  } as const satisfies BuildOptions
  const tried = await build({ ...options, platform: 'browser' }).catch(() => undefined)
  const { outputFiles, metafile } = tried ?? (await build({ ...options, platform: 'node' }))
  const [output] = Object.values(metafile.outputs)
  const contents = outputFiles[0]?.contents ?? new Uint8Array()
  return {
    name,
    bytes: contents.length,
    gzipped: gzipSync(contents, { level: 9 }).length,
    needsNode: tried === undefined,
    inputs: output?.inputs ?? {},
  }
}

function kilobytes({ gzipped }: Bundle): number {
  return gzipped / 1_000
}

/** Start-up imports its parts on demand: the bytes that a process loads with no part, and with all parts. */
async function startupTable(): Promise<Table> {
  const { outputFiles, metafile } = await build({
    entryPoints: { startup: join(ROOT, 'dist/startup/index.js') },
    outdir: join(ROOT, 'dist/bundled'),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    platform: 'node',
    external: ['ioredis'],
    write: false,
    metafile: true,
    logLevel: 'silent',
    absWorkingDir: ROOT,
  })
  const { outputs } = metafile
  const atOnce = new Set<string>()
  const load = (path: string): void => {
    if (atOnce.has(path)) return
    atOnce.add(path)
    for (const { kind, path: to, external } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement' && !external) load(to)
  }
  load('dist/bundled/startup.js')
  const row = (what: string, paths: readonly string[]): readonly [string, number, number] => {
    const files = outputFiles.filter(({ path }) => paths.some((own) => path.endsWith(own)))
    const gzipped = files.map(({ contents }) => gzipSync(contents, { level: 9 }).length)
    const sum = (counts: readonly number[]): number => counts.reduce((all, one) => all + one, 0)
    return [what, sum(files.map(({ contents }) => contents.length)), sum(gzipped)]
  }
  return {
    title: 'nearcache/startup',
    heads: ['nearcache/startup, in chunks', 'minified', 'gzipped'],
    rows: [
      row('loaded at once', [...atOnce]),
      row('with every part there is', Object.keys(outputs)),
    ],
  }
}

function sizes(title: string, bundles: readonly Bundle[], floor: Bundle): Table {
  return {
    title,
    heads: [title, 'minified', 'gzipped', `of ${floor.name}`, "Node's modules"],
    rows: bundles.map(({ name, bytes, gzipped, needsNode }) => [
      name,
      bytes,
      gzipped,
      `${(gzipped / floor.gzipped).toFixed(2)} x`,
      needsNode ? 'needed' : '',
    ]),
  }
}

/** Minified bytes of a bundle, by package or folder. */
function composition(
  title: string,
  { inputs }: Bundle,
  groupOf: (path: string) => string | undefined,
): Table {
  const groups = new Map<string, number>()
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const group = groupOf(path)
    if (group !== undefined) groups.set(group, (groups.get(group) ?? 0) + bytesInOutput)
  }
  const rows = [...groups].filter(([, bytes]) => bytes > 0).sort(([, a], [, b]) => b - a)
  return { title, heads: [title, 'minified'], rows }
}

function ownerOf(path: string): string {
  const found = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
  return found ?? 'nearcache'
}

function folderOf(path: string): string | undefined {
  if (path.includes('node_modules/')) return undefined
  return /dist\/([^/]+)(?=\/)/.exec(path)?.[1] ?? 'at the root'
}

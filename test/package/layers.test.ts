import { describe, expect, test } from 'vitest'
import { packageName, type SourceFile, sourceFiles } from './imports.ts'

/** Each folder of `src`, lowest first, with the folders it may import. docs/design.md has the same table. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  entry: ['platform'],
  web: [],
  near: ['platform', 'entry'],
  flight: ['platform', 'entry'],
  redis: ['platform', 'entry', 'flight'],
  cache: ['platform', 'entry', 'near', 'flight', 'redis'],
  http: ['platform', 'entry', 'web', 'flight', 'cache'],
  email: ['platform', 'entry', 'cache'],
  monitor: ['platform', 'entry', 'web', 'flight', 'redis', 'cache'],
  warming: ['platform', 'entry', 'flight', 'redis', 'cache'],
  trpc: ['platform', 'entry', 'cache'],
  session: ['platform', 'entry', 'flight', 'redis', 'cache'],
  ratelimit: ['platform', 'entry', 'web', 'flight', 'redis'],
  dashboard: ['platform', 'entry', 'web', 'cache', 'monitor', 'warming'],
  hono: ['platform', 'entry', 'web', 'cache', 'http', 'session', 'ratelimit'],
  llm: ['platform', 'entry', 'web', 'flight', 'redis', 'cache'],
  bridge: ['platform', 'entry', 'flight', 'redis'],
  websocket: ['platform', 'entry', 'web', 'flight', 'redis', 'cache'],
  interop: ['platform', 'entry', 'cache', 'session'],
  testing: ['platform', 'entry', 'flight', 'redis', 'cache', 'email'],
  startup: [
    ...['platform', 'entry', 'near', 'flight', 'redis', 'cache'],
    ...['email', 'monitor', 'warming', 'session', 'llm', 'websocket'],
  ],
  cli: [
    ...['platform', 'entry', 'flight', 'redis', 'cache'],
    ...['monitor', 'warming', 'session', 'bridge', 'startup'],
  ],
}

/** Files at the root of `src` that every layer may import. */
const SHARED = ['errors', 'base-error', 'core-errors', 'domain-errors'].map(
  (name) => `src/${name}.ts`,
)

/** Where each package may be imported. A package that is not listed may not be imported at all. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@clack/prompts': ['src/cli/'],
  citty: ['src/cli/'],
  croner: ['src/warming/'],
  '@noble/hashes': ['src/redis/', 'src/email/', 'src/websocket/'],
  'http-cache-semantics': ['src/http/'],
  ioredis: ['src/redis/tcp/'],
  kysely: ['src/email/'],
  'postal-mime': ['src/email/mime/'],
  zod: ['src/cli/', 'src/startup/', 'workers/'],
  hono: [
    'src/hono/',
    'src/bridge/',
    'src/dashboard/',
    'src/llm/proxy/',
    'src/web/',
    'src/websocket/protocol/',
    'workers/',
  ],
  '@hono/node-server': ['src/cli/'],
  '@upstash/redis': ['src/testing/'],
  '@upstash/ratelimit': ['src/ratelimit/'],
  'cloudflare:workers': ['src/platform/workers.ts', 'workers/'],
  nearcache: ['workers/'],
}

/** Folders that run only on Node, and may import its built-in modules. */
const NODE_ONLY = [
  'src/cli/',
  'src/startup/',
  'src/monitor/statsd/',
  'src/redis/node/',
  'src/redis/tcp/',
  'src/redis/embedded/file/',
]

const layered = sourceFiles('src/*/**/*.{ts,tsx}')
const all = [...sourceFiles('src/**/*.{ts,tsx}'), ...sourceFiles('workers/**/*.ts')]

const folderOf = (path: string): string => path.split('/')[1] ?? ''
const isIn = (path: string, folders: readonly string[]): boolean =>
  folders.some((folder) => path.startsWith(folder))
const byPath = (files: readonly SourceFile[]): [string, SourceFile][] =>
  files.map((file) => [file.path, file])

describe('layers', () => {
  test('the table names every folder of src, so none escapes it', () => {
    const folders = new Set(layered.map(({ path }) => folderOf(path)))

    expect([...folders].sort()).toEqual(Object.keys(LAYERS).sort())
  })

  test('the table is in order: a folder may import only folders above it', () => {
    const order = Object.keys(LAYERS)
    const upward = order.filter((layer, position) =>
      LAYERS[layer]?.some((below) => order.slice(position).includes(below)),
    )

    expect(upward).toEqual([])
  })

  test.each(byPath(layered))('%s imports only folders that its layer allows', (_path, file) => {
    const layer = folderOf(file.path)
    const folders = [layer, ...(LAYERS[layer] ?? [])].map((folder) => `src/${folder}/`)

    expect(file.files.filter((to) => !isIn(to, [...folders, ...SHARED]))).toEqual([])
  })
})

describe('import cycles', () => {
  test('do not exist, type imports included', () => {
    const known = new Map(all.map(({ path, files }) => [path, files]))

    expect(circlesIn(known)).toEqual([])
  })

  test('are found where they exist', () => {
    const files = { a: ['b', 'd'], b: ['c'], c: ['a'], d: ['d', 'e'], e: [] }

    expect(circlesIn(new Map(Object.entries(files)))).toEqual(['a -> b -> c -> a', 'd -> d'])
  })
})

describe('packages', () => {
  test('are imported only where they belong', () => {
    const foreign = all.flatMap(({ path, packages }) =>
      packages
        .filter((specifier) => !specifier.startsWith('node:'))
        .filter((specifier) => !isIn(path, PACKAGES[packageName(specifier)] ?? []))
        .map((specifier) => `${path} imports ${specifier}`),
    )

    expect(foreign).toEqual([])
  })

  test('every row of the table is in use', () => {
    const unused = Object.entries(PACKAGES).flatMap(([name, folders]) =>
      folders
        .filter((folder) => !all.some((file) => isIn(file.path, [folder]) && imports(file, name)))
        .map((folder) => `${folder} does not import ${name}`),
    )

    expect(unused).toEqual([])
  })

  test('of Node itself are imported only in folders that run only on Node', () => {
    const builtIns = all
      .filter(({ path }) => !isIn(path, NODE_ONLY))
      .flatMap(({ path, packages }) => packages.map((name) => `${path} imports ${name}`))
      .filter((sentence) => sentence.includes(' node:'))

    expect(builtIns).toEqual([])
  })
})

describe('the Worker', () => {
  test('imports the package by its public subpaths, and no file outside its folder', () => {
    const outside = sourceFiles('workers/**/*.ts').flatMap(({ path, files }) =>
      files.filter((to) => !isIn(to, ['workers/'])).map((to) => `${path} imports ${to}`),
    )

    expect(outside).toEqual([])
  })
})

describe('time and chance', () => {
  test('come from the platform, so that tests control them', () => {
    const owners = ['src/platform/', 'src/testing/']
    const strays = sourceFiles('src/**/*.{ts,tsx}')
      .filter(({ path }) => !isIn(path, owners))
      .filter(({ text }) => /\b(?:Math\.random|Date\.now|performance\.now)\b/.test(text))

    expect(strays.map(({ path }) => path)).toEqual([])
  })
})

function imports(file: SourceFile, name: string): boolean {
  return file.packages.some((specifier) => packageName(specifier) === name)
}

/** Each chain of imports that leads back to a file of the chain. */
function circlesIn(imports: ReadonlyMap<string, readonly string[]>): string[] {
  const circles: string[] = []
  const done = new Set<string>()
  const walk = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path)
    if (start >= 0) circles.push([...way.slice(start), path].join(' -> '))
    if (start >= 0 || done.has(path)) return
    for (const next of imports.get(path) ?? []) walk(next, [...way, path])
    done.add(path)
  }
  for (const path of imports.keys()) walk(path, [])
  return circles
}

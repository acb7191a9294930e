/**
 * Tests the package as users get it: packs it, installs it into empty projects, type-checks the examples of
 * the README there under `nodenext` and `bundler`, runs them, on the oldest Node as well, loads it from
 * CommonJS, runs the command line, uses the core in a browser and in other runtimes, and makes a dry run of the
 * Worker's deployment.
 *
 * Needs a registry for the dependencies. Prints one line for each part; fails unless all pass.
 *
 * Usage: `npm run test:package`
 *
 * @module
 */

import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Example, examplesOf, runnable } from './examples.ts'
import { tryInBrowser } from './in-browser.ts'
import { RUNTIMES, tryInRuntimes } from './in-runtimes.ts'
import { packInto } from './pack.ts'

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(ROOT, 'node_modules')
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly engines: { readonly node: string }
  readonly exports: Readonly<Record<string, unknown>>
}
/** All subpaths except the manifest, and the Worker, whose types need those of Cloudflare. */
const SUBPATHS = Object.keys(MANIFEST.exports).filter((path) => !/package|worker$/.test(path))
/** The subpaths that Node can load. */
const ON_NODE = SUBPATHS.filter((path) => path !== './platform/workers')
const INSTALL = 'install --silent --ignore-scripts --no-audit --no-fund --prefer-offline'
const TIMEOUT_MS = 120_000
/** From `engines` of the manifest, such as `>=22.12`. */
const OLDEST_NODE = /[\d.]+/.exec(MANIFEST.engines.node)?.[0]

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'nearcache-package-'))
const examples = examplesOf(readFileSync(join(ROOT, 'README.md'), 'utf8'))
/** The parts of the test, in the order of the output. */
const PARTS: Readonly<Record<string, () => Promise<string>>> = {
  'types under nodenext': () => checkTypes('nodenext'),
  'types under bundler': () => checkTypes('bundler'),
  'the examples of the README': () => runExamples(process.execPath),
  'the examples on the oldest Node': runOnOldestNode,
  CommonJS: () => requireAll(process.execPath),
  'the command line': runCommandLine,
  'a browser': () => tryInBrowser(join(folder, 'app')),
  'other runtimes': () => tryInRuntimes(join(folder, 'runtimes')),
  'the Worker, deployed without deploying': deployWorker,
}

try {
  const { tarball, files, bytes } = packInto(folder)
  console.log(`ok    packed: ${files} files, ${Math.round(bytes / 1_024)} KiB`)
  project('app', tarball, ['ioredis@6'])
  project('runtimes', tarball, RUNTIMES)
  // This project depends only on the package.
  project('worker', tarball, [])
  let failed = 0
  for (const [name, part] of Object.entries(PARTS)) {
    try {
      console.log(`ok    ${name}: ${await part()}`)
    } catch (error) {
      failed++
      console.log(`FAIL  ${name}: ${told(error)}`)
    }
  }
  console.log(
    `package: ${Object.keys(PARTS).length - failed} of ${Object.keys(PARTS).length} parts`,
  )
  if (failed > 0) process.exitCode = 1
} catch (error) {
  console.log(`FAIL  packed and installed: ${told(error)}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function project(name: string, tarball: string, beside: readonly string[]): void {
  const path = join(folder, name)
  mkdirSync(path)
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  execFileSync('npm', [...INSTALL.split(' '), tarball, ...beside], { cwd: path, stdio: 'pipe' })
}

/**
 * `nodenext` stands for a server: without the types of a browser, and without `skipLibCheck`, so that the
 * package's own types are checked too.
 */
async function checkTypes(resolution: 'nodenext' | 'bundler'): Promise<string> {
  const cwd = join(folder, 'app')
  const source = join(cwd, `types-${resolution}`)
  mkdirSync(source)
  for (const [i, { code }] of examples.entries()) {
    writeFileSync(join(source, `example-${i}.ts`), `${code}\nexport {}\n`)
  }
  const imports = SUBPATHS.map((path, i) => `import * as m${i} from 'nearcache${path.slice(1)}'`)
  const used = SUBPATHS.map((_path, i) => `m${i}`)
  const isServer = resolution === 'nodenext'
  // Also as a CommonJS module, whose imports become calls of `require`.
  for (const file of isServer ? ['subpaths.ts', 'required.cts'] : ['subpaths.ts']) {
    writeFileSync(join(source, file), `${imports.join('\n')}\nconsole.log(${used})\n`)
  }
  const config = {
    compilerOptions: {
      ...{ strict: true, noEmit: true, skipLibCheck: !isServer, exactOptionalPropertyTypes: true },
      target: 'es2024',
      lib: isServer ? ['es2024'] : ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'],
      module: isServer ? 'nodenext' : 'esnext',
      moduleResolution: resolution,
      types: ['node'],
      typeRoots: [join(BIN, '@types')],
    },
    include: ['*.ts', '*.cts'],
  }
  writeFileSync(join(source, 'tsconfig.json'), JSON.stringify(config))
  await run(
    process.execPath,
    [join(BIN, 'typescript/bin/tsc'), '-p', source, '--pretty', 'false'],
    {
      cwd,
      timeout: TIMEOUT_MS,
    },
  )
  return `${examples.length} examples, ${SUBPATHS.length} subpaths`
}

/** Runs each example as a separate process, with its setting. */
async function runExamples(node: string, flags: readonly string[] = []): Promise<string> {
  const cwd = join(folder, 'app')
  const source = mkdtempSync(join(cwd, 'run-'))
  const told: string[] = []
  for (const [i, example] of examples.entries()) {
    const file = join(source, `example-${i}.ts`)
    writeFileSync(file, runnable(example))
    const { stdout } = await run(node, ['--disable-warning=ExperimentalWarning', ...flags, file], {
      cwd,
      timeout: TIMEOUT_MS,
      env: withoutRedis(),
    })
    expectLine(example, stdout)
    told.push(example.title)
  }
  return told.join(', ')
}

/** On the oldest Node, TypeScript and `node:sqlite` need flags. */
async function runOnOldestNode(): Promise<string> {
  const cwd = join(folder, 'oldest')
  mkdirSync(cwd)
  writeFileSync(join(cwd, 'package.json'), JSON.stringify({ private: true }))
  const words = ['install', '--silent', '--no-audit', '--no-fund', `node@${OLDEST_NODE}`]
  await run('npm', words, { cwd, timeout: TIMEOUT_MS })
  const node = join(cwd, 'node_modules/node/bin/node')
  await runExamples(node, ['--experimental-strip-types', '--experimental-sqlite'])
  const required = await requireAll(node, ['--experimental-sqlite'])
  return `${examples.length} on ${(await run(node, ['--version'])).stdout.trim()}, ${required}`
}

/** Fails for a module with a top-level `await`, which `require` cannot load. */
async function requireAll(node: string, flags: readonly string[] = []): Promise<string> {
  const cwd = join(folder, 'app')
  const names = ON_NODE.map((path) => `nearcache${path.slice(1)}`)
  const script = `for (const name of ${JSON.stringify(names)}) console.log(name, typeof require(name))`
  writeFileSync(join(cwd, 'required.cjs'), script)
  const words = ['--disable-warning=ExperimentalWarning', ...flags, 'required.cjs']
  const { stdout } = await run(node, words, { cwd, timeout: TIMEOUT_MS })
  const missing = names.filter((name) => !stdout.includes(`${name} object\n`))
  if (missing.length > 0) throw new Error(`not loaded by require: ${missing}`)
  return `${names.length} subpaths by require`
}

function expectLine({ title, expected }: Example, stdout: string): void {
  if (!expected.test(stdout)) throw new Error(`"${title}" printed ${JSON.stringify(stdout)}`)
}

/** Runs the command line with npx. */
async function runCommandLine(): Promise<string> {
  const cwd = join(folder, 'app')
  const options = { cwd, timeout: TIMEOUT_MS, env: withoutRedis() }
  const { stdout: version } = await run('npx', ['--no-install', 'nearcache', '--version'], options)
  const words = ['--no-install', 'nearcache', 'doctor', '--embedded', '--json']
  const { stdout } = await run('npx', words, options)
  const { counts } = JSON.parse(stdout) as { counts: { ok: number; fail: number } }
  if (counts.fail > 0) throw new Error(`doctor found ${counts.fail} failures`)
  return `${version.trim()}, doctor: ${counts.ok} ok`
}

async function deployWorker(): Promise<string> {
  const cwd = join(folder, 'worker')
  const env = { ...withoutRedis(), WRANGLER_SEND_METRICS: 'false', CI: '1' }
  const options = { cwd, timeout: TIMEOUT_MS, env }
  await run('npx', ['--no-install', 'nearcache', 'init', '--yes'], options)
  const words = ['deploy', '--dry-run', '--outdir', 'out']
  const wrangler = join(BIN, 'wrangler/bin/wrangler.js')
  const { stdout } = await run(process.execPath, [wrangler, ...words], options)
  const upload = /Total Upload: .*/.exec(stdout)?.[0]
  if (!upload || !stdout.includes('env.DB')) throw new Error('wrangler tells of no upload')
  return upload
}

/** Variables of this machine must not affect the examples. */
function withoutRedis(): NodeJS.ProcessEnv {
  const ours = /^(?:REDIS|UPSTASH|KV_REST|NEARCACHE|SESSION)_/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

function told(error: unknown): string {
  const {
    stdout = '',
    stderr = '',
    message,
  } = error as Error & { stdout?: string; stderr?: string }
  return [message.split('\n')[0], stdout, stderr].filter(Boolean).join('\n').trim()
}

/**
 * Tries the package as a user gets it: packs it, installs it into empty projects, and there type-checks
 * the examples of the README under `nodenext` and `bundler`, runs them, runs the command line, bundles the
 * core for a browser, and deploys the Worker without deploying it.
 *
 * Needs a registry for what the package depends on. Prints one line for each part; fails unless all are
 * well.
 *
 * Usage: `npm run test:package`
 *
 * @module
 */

import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Example, examplesOf, runnable } from './examples.ts'
import { packInto } from './pack.ts'

const ROOT = join(import.meta.dirname, '../..')
const BIN = join(ROOT, 'node_modules')
const INSTALL = 'install --silent --ignore-scripts --no-audit --no-fund --prefer-offline'
const TIMEOUT_MS = 120_000

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'nearcache-package-'))
const examples = examplesOf(readFileSync(join(ROOT, 'README.md'), 'utf8'))
/** What is tried, in the order in which it is told. */
const PARTS: Readonly<Record<string, () => Promise<string>>> = {
  'types under nodenext': () => checkTypes('nodenext'),
  'types under bundler': () => checkTypes('bundler'),
  'the examples of the README': runExamples,
  'the command line': runCommandLine,
  'a bundle for browsers': bundleForBrowsers,
  'the Worker, deployed without deploying': deployWorker,
}

try {
  const { tarball, files, bytes } = packInto(folder)
  console.log(`ok    packed: ${files} files, ${Math.round(bytes / 1_024)} KiB`)
  project('app', tarball, ['ioredis@5'])
  // This one depends on the package alone.
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

/** Also of the package itself: a user may check its types without `skipLibCheck`. */
async function checkTypes(resolution: 'nodenext' | 'bundler'): Promise<string> {
  const cwd = join(folder, 'app')
  const source = join(cwd, `types-${resolution}`)
  mkdirSync(source)
  for (const [i, { code }] of examples.entries()) {
    writeFileSync(join(source, `example-${i}.ts`), `${code}\nexport {}\n`)
  }
  const config = {
    compilerOptions: {
      ...{ strict: true, noEmit: true, skipLibCheck: resolution === 'bundler' },
      ...{ target: 'es2024', lib: ['es2024', 'dom', 'dom.iterable', 'dom.asynciterable'] },
      module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
      moduleResolution: resolution,
      types: ['node'],
      typeRoots: [join(BIN, '@types')],
    },
    include: ['*.ts'],
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
  return `${examples.length} examples`
}

/** Each as a process of its own, with what it declares supplied, and what it defines used. */
async function runExamples(): Promise<string> {
  const cwd = join(folder, 'app')
  const source = join(cwd, 'run')
  mkdirSync(source)
  const told: string[] = []
  for (const [i, example] of examples.entries()) {
    const file = join(source, `example-${i}.ts`)
    writeFileSync(file, runnable(example))
    const { stdout } = await run(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', file],
      {
        cwd,
        timeout: TIMEOUT_MS,
        env: withoutRedis(),
      },
    )
    expectLine(example, stdout)
    told.push(example.title)
  }
  return told.join(', ')
}

function expectLine({ title, expected }: Example, stdout: string): void {
  if (!expected.test(stdout)) throw new Error(`"${title}" printed ${JSON.stringify(stdout)}`)
}

/** As npx finds it. */
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

async function bundleForBrowsers(): Promise<string> {
  const cwd = join(folder, 'app')
  const entry = join(cwd, 'browser.js')
  writeFileSync(entry, `export { RedisCacheManager, restTransport } from 'nearcache'\n`)
  const { build } = await import('esbuild')
  const { outputFiles, metafile } = await build({
    ...{ entryPoints: [entry], bundle: true, minify: true, write: false, metafile: true },
    ...{ format: 'esm', platform: 'browser', logLevel: 'silent' },
  })
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports)
  const builtIn = imported.find(({ path }) => builtinModules.includes(path.replace('node:', '')))
  if (builtIn) throw new Error(`it imports ${builtIn.path}`)
  const [file] = outputFiles
  return `${Math.round((file?.contents.length ?? 0) / 1_024)} KiB minified, no built-in of Node`
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

/** What this machine has set must not decide what the examples find. */
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

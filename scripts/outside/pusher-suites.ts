/**
 * Runs the tests of Pusher's own libraries that need a real server: the integration specs of pusher-js for
 * channels, and the remote tests of pusher-http-node; and our script for the SDK in Python.
 *
 * Usage: `npm run build`, then `node scripts/outside/pusher-suites.ts [--pusher-js CHECKOUT]
 * [--pusher-http-node CHECKOUT] [--pusher-http-python CHECKOUT]`. The checkouts are copied into a temporary
 * folder, in which the packages they need are installed, and which is deleted afterwards. The specs of
 * pusher-js derive the server's address from the cluster, so their client is overridden with our address.
 *
 * @module
 */

import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import Pusher from 'pusher'
import { freePort } from '../../test/support/free-port.ts'
import { startWorker } from '../demo/worker-process.ts'
import { expectedOf, PYTHON_SCRIPT } from './pusher-python.ts'

/** The key that is written in the specs. */
const KEY = 'c49a449b916bb4246729'
const PACKAGES = `jasmine@4 faye-websocket@0.11 xmlhttprequest@1 tweetnacl@1 tweetnacl-util@0.15
  @stablelib/base64@2 @stablelib/utf8@2 mocha@9 expect.js@0.3 https-proxy-agent@5 node-fetch@2
  abort-controller@3 is-base64@1`.split(/\s+/)

const { values } = parseArgs({
  options: {
    'pusher-js': { type: 'string' },
    'pusher-http-node': { type: 'string' },
    'pusher-http-python': { type: 'string' },
  },
})
const given = Object.values(values)
if (given.length === 0 || given.some((folder) => !existsSync(join(folder, 'README.md')))) {
  console.error('Name a checkout: --pusher-js, --pusher-http-node, --pusher-http-python')
  process.exit(2)
}

const folder = mkdtempSync(join(tmpdir(), 'nearcache-pusher-'))
const secret = randomBytes(24).toString('hex')
const port = await freePort()
const failed: string[] = []
const worker = await startWorker({
  directory: folder,
  token: randomBytes(24).toString('base64url'),
  mode: 'on',
  port,
  vars: {
    REALTIME_APPS: JSON.stringify([{ id: '1', key: KEY, secret, clientEvents: 'members' }]),
  },
})
try {
  execFileSync(
    'npm',
    ['install', '--prefix', folder, '--ignore-scripts', '--silent', ...PACKAGES],
    {
      stdio: 'inherit',
    },
  )
  if (values['pusher-js']) await specsOfClient(values['pusher-js'])
  if (values['pusher-http-node']) await testsOfServerSdk(values['pusher-http-node'])
  if (values['pusher-http-python']) {
    const PYTHONPATH = resolve(values['pusher-http-python'])
    const EXPECTED = expectedOf({ key: KEY, secret, port })
    await run('the SDK in Python', ['-c', PYTHON_SCRIPT], { PYTHONPATH, EXPECTED }, 'python3')
  }
} finally {
  await worker.stop()
  rmSync(folder, { recursive: true, force: true })
}
console.log(failed.length === 0 ? 'All end well.' : `Not all is well: ${failed.join(', ')}`)
process.exit(failed.length === 0 ? 0 : 1)

async function specsOfClient(checkout: string): Promise<void> {
  const suite = join(folder, 'pusher-js')
  cpSync(checkout, suite, { recursive: true, filter: (path) => !/node_modules|\.git$/.test(path) })
  const server = await startAppServer()
  const { port: appPort } = server.address() as AddressInfo
  const helpers = join(suite, 'spec/javascripts/helpers')
  writeFileSync(join(suite, 'client.js'), clientModule())
  writeFileSync(
    join(suite, 'integration.js'),
    `const all = require(${JSON.stringify(join(helpers, 'node/integration.js'))})
     module.exports = Object.assign({}, all, { API_URL: 'http://127.0.0.1:${appPort}' })`,
  )
  writeFileSync(
    join(suite, 'entry.js'),
    `require('./spec/javascripts/integration/core/pusher_spec/index.js')([{ transport: 'ws', forceTLS: false }])`,
  )
  writeFileSync(join(suite, 'testenv.js'), `module.exports = 'node'`)
  await build({
    entryPoints: [join(suite, 'entry.js')],
    outfile: join(folder, 'channels.spec.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    resolveExtensions: ['.ts', '.js'],
    nodePaths: ['src/runtimes/node', 'src', 'src/runtimes', 'spec/javascripts/helpers'].map(
      (path) => join(suite, path),
    ),
    alias: {
      pusher_integration: join(suite, 'client.js'),
      integration: join(suite, 'integration.js'),
      testenv: join(suite, 'testenv.js'),
      'dom/dependencies': join(helpers, 'node/mock-dom-dependencies.ts'),
      'dom/dependency_loader': join(helpers, 'node/mock-dom-dependencies.ts'),
    },
    define: {
      RUNTIME: '"node"',
      VERSION: '"8"',
      CDN_HTTP: '""',
      CDN_HTTPS: '""',
      DEPENDENCY_SUFFIX: '""',
    },
    logLevel: 'error',
  })
  await run('specs of pusher-js', [
    'node_modules/jasmine/bin/jasmine.js',
    '--random=false',
    'channels.spec.cjs',
  ])
  server.closeAllConnections()
  server.close()
}

async function testsOfServerSdk(checkout: string): Promise<void> {
  cpSync(checkout, join(folder, 'sdk'), {
    recursive: true,
    filter: (path) => !/node_modules|\.git$/.test(path),
  })
  const tests = ['get', 'trigger'].map((name) => `sdk/tests/remote/pusher/${name}.js`)
  await run('remote tests of pusher-http-node', ['node_modules/mocha/bin/mocha', ...tests], {
    PUSHER_URL: `http://${KEY}:${secret}@127.0.0.1:${port}/apps/1`,
  })
}

/** The unmodified client, which connects to our address whatever its cluster. */
function clientModule(): string {
  return `const { default: Client } = require('core/pusher')
    const OURS = { wsHost: '127.0.0.1', wsPort: ${port}, enableStats: false }
    module.exports = class extends Client {
      constructor(key, options) { super(key, { ...options, ...OURS }) }
    }`
}

/** The server that the specs call: it signs for any channel, and publishes. */
async function startAppServer(): Promise<Server> {
  const sdk = new Pusher({ appId: '1', key: KEY, secret, host: '127.0.0.1', port: String(port) })
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (url.pathname === '/auth') {
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      const socketId = form.get('socket_id') ?? ''
      const user_info = {
        name: `Integration ${socketId}`,
        email: `integration-${socketId}@example.com`,
      }
      const member = { user_id: socketId, user_info }
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify(sdk.authorizeChannel(socketId, form.get('channel_name') ?? '', member)),
      )
      return
    }
    const [channel = '', event = '', data = ''] = ['channel', 'event', 'data'].map((name) =>
      Buffer.from(url.searchParams.get(name) ?? '', 'base64').toString(),
    )
    await sdk.trigger(channel, event, JSON.parse(data))
    response.end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function run(
  what: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  program: string = process.execPath,
): Promise<void> {
  console.log(`\n${what}`)
  const child = spawn(program, [...words], {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  const code = await new Promise((resolve) => child.once('exit', resolve))
  if (code !== 0) failed.push(what)
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../../../src/cli/run.ts'
import { eventually } from '../../support/eventually.ts'

const MAIN = join(import.meta.dirname, '../../../src/cli/main.ts')
const SECRET = 'a-secret-token'

/** Runs a command that ends before it starts a server. */
async function refuse(words: readonly string[], env: Record<string, string> = {}) {
  const printed: string[] = []
  const warned: string[] = []
  const code = await run(words, {
    env,
    print: (line) => printed.push(line),
    warn: (line) => warned.push(line),
    signal: AbortSignal.abort(),
  })
  return { code, printed: printed.join('\n'), warned: warned.join('\n') }
}

describe('nearcache', () => {
  test.each([
    [[], 2],
    [['--help'], 0],
    [['help'], 0],
  ])('%j lists the commands and exits with %i', async (words, code) => {
    expect(await refuse(words)).toEqual({
      code,
      printed: expect.stringContaining('bridge'),
      warned: '',
    })
  })

  test('an unknown command is refused without quoting it', async () => {
    expect(await refuse([SECRET])).toEqual({
      code: 2,
      printed: '',
      warned: 'nearcache: unknown command; see: nearcache --help',
    })
  })
})

describe('nearcache bridge', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nearcache-cli-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  function file(content: unknown): string {
    const path = join(folder, 'bridge.json')
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  test('--help names every option', async () => {
    const { code, printed } = await refuse(['bridge', '--help'])

    expect(code).toBe(0)
    for (const option of `redis embedded config port host token read-only-token max-body`.split(
      ' ',
    )) {
      expect(printed).toContain(`--${option}`)
    }
  })

  test.each<[words: string[], problem: RegExp]>([
    [[], /^no Redis is configured: add --redis redis:/],
    [['--redis', 'redis://h', '--embedded'], /^--redis and --embedded cannot be used together/],
    [['--redis', 'http://h'], /^--redis must be a URL such as redis:/],
    [['--redis', `redis://${SECRET}:x@`], /^--redis must be a URL such as redis:/],
    [['--embedded', '--port', '70000'], /^--port must be a whole number from 0 to 65535$/],
    [['--embedded', '--port', '1e3'], /^--port must be/],
    [['--embedded', '--port'], /^--port needs a value/],
    [['--embedded', '--prot', '1'], /^unknown option --prot/],
    [['--embedded', SECRET], /^unexpected argument/],
    [['--embedded', '--max-body', '0'], /^--max-body must be a whole number of at least 1$/],
    [['--embedded', '--host', 'http://h'], /^--host must be an IP address or a host name/],
    [['--embedded', '--token', `${SECRET} x`], /^--token must be printable ASCII/],
    [['--embedded', '--token', ''], /^--token must be printable ASCII/],
    [
      ['--embedded', '--token', SECRET, '--read-only-token', SECRET],
      /^--read-only-token must be different from every other token$/,
    ],
    [['--config', '/nonexistent'], /^--config: cannot read the file \(ENOENT\)$/],
    [['--config', 'x', '--token', SECRET], /^--config and --token cannot be used together/],
  ])('%j is refused with one line that says what to do', async (words, problem) => {
    const { code, printed, warned } = await refuse(['bridge', ...words])

    expect(code).toBe(2)
    expect(printed).toBe('')
    expect(warned.split('\n')).toEqual([expect.stringMatching(/^nearcache bridge: /)])
    expect(warned.replace('nearcache bridge: ', '')).toMatch(problem)
    expect(warned).not.toContain(SECRET)
  })

  test.each<[content: unknown, problem: string]>([
    [`{"token": "${SECRET}"`, '--config: the file is not valid JSON'],
    [{}, '--config: databases must be a list'],
    [{ databases: [] }, '--config: databases must name at least one database'],
    [{ databases: [{ redis: 'embedded' }] }, '--config: databases.0.token is missing'],
    [{ databases: [{ redis: 'embedded', token: '' }] }, '--config: databases.0.token is empty'],
    [
      { databases: [{ redis: 'embedded', token: SECRET, name: SECRET }] },
      '--config: databases.0 has an unknown field',
    ],
    [
      { databases: [{ redis: 'embedded', token: 'env:NOT_SET' }] },
      '--config: databases.0.token names a variable that is not set',
    ],
    [
      {
        databases: [
          { redis: 'embedded', token: SECRET },
          { redis: 'embedded', token: SECRET },
        ],
      },
      '--config: a token must be different from every other token',
    ],
    [
      { databases: [{ redis: 'http://h', token: SECRET }] },
      '--config: a redis must be a URL such as redis://user:password@localhost:6379/0',
    ],
  ])('a file with %j is refused with the name of the field', async (content, problem) => {
    const { code, warned } = await refuse(['bridge', '--config', file(content)])

    expect({ code, warned }).toEqual({ code: 2, warned: `nearcache bridge: ${problem}` })
  })

  test('without ioredis, exits with 2 and says what to install', () => {
    cpSync('src', join(folder, 'src'), { recursive: true })
    for (const name of ['@hono', '@noble', 'hono', 'zod']) {
      cpSync(`node_modules/${name}`, join(folder, 'node_modules', name), { recursive: true })
    }
    const words = [join(folder, 'src/cli/main.ts'), 'bridge', '--redis', 'redis://127.0.0.1:1']

    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })

    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toBe(
      'nearcache bridge: the tcp transport needs the package ioredis: install ioredis, and where it is bundled leave it external\n',
    )
  })

  describe('as a process', () => {
    let child: ChildProcess
    let output: string
    let ended: Promise<number | null>

    afterEach(async () => {
      child.kill('SIGKILL')
      await ended
    })

    /** Starts the bridge on a free port, and waits until it prints its address. */
    async function start(words: readonly string[], env: Record<string, string> = {}) {
      child = spawn(process.execPath, [MAIN, 'bridge', '--port', '0', ...words], {
        env: { ...process.env, REDIS_URL: '', ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      output = ''
      child.stdout?.on('data', (data) => (output += data))
      child.stderr?.on('data', (data) => (output += data))
      ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
      await eventually(() => expect(output).toContain('Ctrl-C'))
      return {
        url: /^UPSTASH_REDIS_REST_URL=(http:\/\/127\.0\.0\.1:\d+)$/m.exec(output)?.[1] ?? '',
        token: /^UPSTASH_REDIS_REST_TOKEN=(\S+)$/m.exec(output)?.[1],
      }
    }

    function get(url: string, token = ''): Promise<Response> {
      return fetch(url, { headers: { authorization: `Bearer ${token}` } })
    }

    test('generates a token, prints both lines to paste, and exits with 0 on SIGTERM', async () => {
      const { url, token } = await start(['--embedded'])
      expect(token).toMatch(/^[\w-]{32}$/)
      expect(await (await get(`${url}/set/key/value`, token)).json()).toEqual({ result: 'OK' })

      child.kill('SIGTERM')

      expect(await ended).toBe(0)
      expect(output).toMatch(/^Stopping …$/m)
    })

    test('never prints a token given by option or by variable', async () => {
      const variable = { NEARCACHE_BRIDGE_READ_ONLY_TOKEN: `${SECRET}-2` }
      const { url, token } = await start(['--embedded', '--token', SECRET], variable)

      expect(token).toBeUndefined()
      expect((await get(`${url}/ping`, SECRET)).status).toBe(200)
      expect((await get(`${url}/set/a/b`, `${SECRET}-2`)).status).toBe(400)
      expect((await get(`${url}/get/a`, `${SECRET}-2`)).status).toBe(200)
      child.kill('SIGINT')
      expect(await ended).toBe(0)
      expect(output).not.toContain(SECRET)
    })

    test('serves the databases of a file, with tokens from variables', async () => {
      const databases = [
        { redis: 'embedded', token: 'env:FIRST' },
        { redis: 'embedded', token: 'second' },
      ]
      const { url } = await start(['--config', file({ databases })], { FIRST: SECRET })
      await get(`${url}/set/key/1`, SECRET)

      expect(await (await get(`${url}/get/key`, SECRET)).json()).toEqual({ result: '1' })
      expect(await (await get(`${url}/get/key`, 'second')).json()).toEqual({ result: null })
      expect(output).not.toContain(SECRET)
    })

    test('starts while Redis is down and says so, without address or password', async () => {
      const { url, token } = await start(['--redis', 'redis://user:pass-word@127.0.0.1:1'])

      expect((await get(`${url}/health`)).status).toBe(503)
      expect((await get(`${url}/get/key`, token)).status).toBe(503)
      await eventually(() => expect(output).toMatch(/does not answer yet \(ECONNREFUSED\)/))
      expect(output).not.toMatch(/pass-word|127\.0\.0\.1:1\b/)
    })

    test('exits with 1 if its port is in use', async () => {
      const taken = createServer()
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
      const { port } = taken.address() as { port: number }

      const { code, warned } = await refuse(['bridge', '--embedded', '--port', `${port}`])
      await new Promise((resolve) => taken.close(resolve))

      expect({ code, warned }).toEqual({ code: 1, warned: expect.stringMatching(/EADDRINUSE/) })
      child = spawn(process.execPath, ['--version'])
      ended = Promise.resolve(0)
    })
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')

/** A transport that prints when it is closed, and keeps the process alive like a socket. */
const HELD = `
  const timer = setInterval(() => undefined, 60_000)
  const redis = {
    kind: 'held',
    request: () => Promise.resolve({ result: 'PONG' }),
    close: () => { clearInterval(timer); console.log('closed'); return Promise.resolve() },
  }
`

describe('nearcache/startup, in a process of its own,', () => {
  let child: ChildProcess | undefined

  afterEach(() => {
    child?.kill('SIGKILL')
  })

  /** Runs a program like a user of the package, but on the sources. */
  function run(program: string): { output: Promise<string>; ended: Promise<unknown[]> } {
    const source = `import { startupCacheSystem, getCacheSystemStatus, cacheManager } from 'nearcache/startup'
      ${program}`
    const args = ['--conditions=nearcache:source', '--input-type=module', '-e', source]
    const env = { PATH: process.env['PATH'] }
    const started = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'pipe' })
    child = started
    return {
      output: Promise.all([text(started.stdout), text(started.stderr)]).then((all) => all.join('')),
      ended: once(started, 'exit'),
    }
  }

  /** Resolves when the child has printed this. */
  function printed(line: string): Promise<void> {
    return new Promise((resolve) => {
      child?.stdout?.on('data', (data) => {
        if (String(data).includes(line)) resolve()
      })
    })
  }

  test('warns once, answers, and does not keep the process alive', async () => {
    const { output, ended } = run(`
      await startupCacheSystem()
      await cacheManager.set('key', 'value')
      console.log((await cacheManager.getStats()).totalKeys, (await getCacheSystemStatus()).status)
    `)

    expect(await ended).toEqual([0, null])
    expect(await output).toMatch(/^\d+ ok\nnearcache: No Redis is configured[^\n]*\n$/)
  })

  test('loads the built-in matcher when a question first asks for one', async () => {
    const { output, ended } = run(`
      const { registerHooks } = await import('node:module')
      let isLoaded = false
      registerHooks({ load: (url, context, next) => {
        isLoaded ||= url.endsWith('/semantic/create-matcher.ts')
        return next(url, context)
      } })
      const { llm } = await startupCacheSystem({ warn() {} })
      await llm.getOrGenerate({ prompt: 'Why is the sky blue?', model: 'm' }, () => 'Scattering.')
      console.log(isLoaded, llm.getCacheStats().matching.matches)
      const similar = { prompt: 'Please, why is the sky blue?', model: 'm', enableSemanticMatching: true }
      await llm.getOrGenerate(similar, () => 'Scattering.')
      console.log(isLoaded, llm.getCacheStats().matching.matches)
    `)

    expect(await ended).toEqual([0, null])
    expect(await output).toBe('false 0\ntrue 1\n')
  })

  test('ends soon after stop, even if Redis was never reachable', async () => {
    const { output } = run(`
      const env = { REDIS_HOST: '127.0.0.1', REDIS_PORT: '1' }
      const { stop } = await startupCacheSystem({ env, warn: () => undefined })
      await stop()
      let ticks = 0
      setInterval(() => { ticks++ }, 50).unref()
      process.once('exit', () => console.log(ticks < 30))
    `)

    // ioredis waits two seconds for a socket to close, even if it is closed already. Counted in ticks, because
    // a machine may stall.
    expect(await output).toBe('true\n')
  })

  test('with the option signals, stops first and then ends by the signal', async () => {
    const { output, ended } = run(`${HELD}
      await startupCacheSystem({ redis, signals: true })
      console.log('ready')
    `)
    await printed('ready')

    child?.kill('SIGTERM')

    expect(await ended).toEqual([null, 'SIGTERM'])
    expect(await output).toBe('ready\nclosed\n')
  })

  test('also ends as the first process of a container, which the system does not end', async () => {
    const { output, ended } = run(`${HELD}
      Object.defineProperty(process, 'pid', { value: 1 })
      process.kill = () => true
      await startupCacheSystem({ redis, signals: true })
      console.log('ready')
    `)
    await printed('ready')

    child?.kill('SIGTERM')

    expect(await ended).toEqual([143, null])
    expect(await output).toBe('ready\nclosed\n')
  })

  test('does not end the process if other listeners watch the signal too', async () => {
    const { output, ended } = run(`${HELD}
      process.once('SIGINT', () => { process.exitCode = 7 })
      await startupCacheSystem({ redis, signals: true })
      console.log('ready')
    `)
    await printed('ready')

    child?.kill('SIGINT')

    expect(await ended).toEqual([7, null])
    expect(await output).toBe('ready\nclosed\n')
  })

  test('watches no signal without the option, or after stop', async () => {
    const { output } = run(`
      const count = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
      const quiet = { warn: () => undefined }
      const first = await startupCacheSystem(quiet)
      const unasked = count()
      await first.stop()
      const second = await startupCacheSystem({ ...quiet, signals: true })
      const asked = count()
      await second.stop()
      console.log(unasked, asked, count())
    `)

    expect(await output).toBe('0 2 0\n')
  })
})

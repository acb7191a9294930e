import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { SnapshotError } from '../../../../src/errors.ts'
import {
  FileSnapshot,
  type FileSnapshotOptions,
} from '../../../../src/redis/embedded/file/index.ts'
import { SnapshotFiles } from '../../../../src/redis/embedded/file/snapshot-files.ts'
import { EmbeddedRedis } from '../../../../src/redis/embedded/index.ts'
import { ManualPlatform } from '../../../../src/testing/manual-platform.ts'
import { amount } from '../../../support/deep.ts'
import { found } from '../../../support/findings.ts'

const WRITER = fileURLToPath(new URL('file-snapshot-writer.ts', import.meta.url))

describe('FileSnapshot', () => {
  let platform: ManualPlatform
  let folder: string
  let path: string

  beforeEach(() => {
    platform = new ManualPlatform()
    folder = mkdtempSync(join(tmpdir(), 'nearcache-snapshot-'))
    path = join(folder, 'engine.snapshot')
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  /** Simulates a process that starts with the files on disk. */
  function start(options: Partial<FileSnapshotOptions> = {}) {
    const engine = new EmbeddedRedis({ platform })
    return { engine, snapshot: new FileSnapshot({ engine, path, platform, ...options }) }
  }

  test('restores the data that the previous process held when it closed', () => {
    const first = start()
    expect(first.snapshot.loaded).toBe('nothing')
    first.engine.execute(['SET', 'key', 'value', 'PX', 60_000])
    first.snapshot.close()

    const second = start()

    expect(second.snapshot.loaded).toBe('current')
    expect(second.engine.execute(['GET', 'key'])).toEqual({ result: 'value' })
    expect(second.engine.execute(['PTTL', 'key'])).toEqual({ result: 60_000 })
    expect(readdirSync(folder)).toEqual(['engine.snapshot'])
  })

  test('writes one interval after a change, once for all changes within it', async () => {
    const { engine, snapshot } = start({ interval: '10s' })
    const save = vi.spyOn(snapshot, 'save')
    engine.execute(['SET', 'key', 'a'])
    await platform.advance(9_999)
    engine.execute(['SET', 'key', 'b'])
    expect(existsSync(path)).toBe(false)

    await platform.advance(1)
    await platform.advance(60_000)

    expect(save).toHaveBeenCalledTimes(1)
    expect(start().engine.execute(['GET', 'key'])).toEqual({ result: 'b' })
  })

  test('a snapshot that misses an acknowledged change is not loaded', async () => {
    const { engine } = start({ interval: '10s' })
    engine.execute(['SET', 'key', 'old'])
    await platform.advance(10_000)
    engine.execute(['DEL', 'key']) // the process stops here

    const next = start()

    expect(next.snapshot.loaded).toBe('nothing')
    expect(next.engine.execute(['GET', 'key'])).toEqual({ result: null })
  })

  test('with outdated: restore, such a snapshot is loaded and stays outdated', async () => {
    const { engine } = start({ interval: '10s' })
    engine.execute(['SET', 'key', 'old'])
    await platform.advance(10_000)
    engine.execute(['SET', 'key', 'new'])

    const next = start({ outdated: 'restore' })

    expect(next.snapshot.loaded).toBe('outdated')
    expect(next.engine.execute(['GET', 'key'])).toEqual({ result: 'old' })
    expect(start().snapshot.loaded).toBe('nothing')
    next.snapshot.close()
    expect(start().snapshot.loaded).toBe('current')
  })

  test('reads do not make it outdated', () => {
    const first = start()
    first.engine.execute(['SET', 'key', 'value'])
    first.snapshot.save()
    first.engine.execute(['GET', 'key'])

    expect(start().snapshot.loaded).toBe('current')
  })

  test('a crash while a snapshot is written leaves the previous snapshot', () => {
    const { engine, snapshot } = start()
    engine.execute(['SET', 'key', 'a'])
    snapshot.save()
    const before = readFileSync(path)

    expect(() =>
      new SnapshotFiles(path).write(
        (function* () {
          yield Buffer.from('["nearcache-engine",1]\n')
          throw new Error('the process stops')
        })(),
      ),
    ).toThrow('the process stops')

    expect(readFileSync(path)).toEqual(before)
    expect(start().engine.execute(['GET', 'key'])).toEqual({ result: 'a' })
  })

  test('rejects a file that is not a snapshot, and does not change it', () => {
    writeFileSync(path, 'my thesis')

    expect(() => start()).toThrow(SnapshotError)
    expect(readFileSync(path, 'utf8')).toBe('my thesis')
  })

  test('fails at its start in a folder that is missing, not only when it writes', () => {
    path = join(folder, 'missing', 'engine.snapshot')

    expect(() => start()).toThrow(expect.objectContaining({ code: 'ENOENT' }))
  })

  test('reports a snapshot that failed, and retries', async () => {
    const onError = vi.fn()
    const { engine } = start({ interval: '10s', onError })
    engine.execute(['SET', 'key', 'a'])
    rmSync(folder, { recursive: true })
    await platform.advance(10_000)
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'ENOENT' }))

    mkdirSync(folder)
    await platform.advance(10_000)

    expect(start().engine.execute(['GET', 'key'])).toEqual({ result: 'a' })
  })

  test.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no logger')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no logger'))],
  ])('retries even if onError %s', async (_how, onError) => {
    const { engine } = start({ interval: '10s', onError })
    engine.execute(['SET', 'key', 'a'])
    rmSync(folder, { recursive: true })
    await platform.advance(10_000)

    mkdirSync(folder)
    await platform.advance(10_000)

    expect(start().engine.execute(['GET', 'key'])).toEqual({ result: 'a' })
  })

  test('one that fails when it is already in place is outdated by the next change too', async () => {
    const { engine } = start({ interval: '10s', onError: () => rmdirSync(`${path}.outdated`) })
    engine.execute(['SET', 'key', 'a'])
    mkdirSync(`${path}.outdated`) // cannot be removed as a file
    await platform.advance(10_000)
    engine.execute(['SET', 'key', 'b']) // the process stops here

    expect(start().snapshot.loaded).toBe('nothing')
  })

  test('a delete that could not be marked on disk is not acknowledged when it is sent again', () => {
    const { engine, snapshot } = start()
    engine.execute(['SET', 'key', 'old'])
    snapshot.save()
    mkdirSync(`${path}.outdated`) // the file cannot take this name
    const deletes = (): unknown => engine.execute(['DEL', 'key'])

    expect(deletes).toThrow(expect.objectContaining({ code: 'EISDIR' }))
    expect(deletes).toThrow(expect.objectContaining({ code: 'EISDIR' }))
    rmdirSync(`${path}.outdated`)
    expect(deletes()).toEqual({ result: 0 }) // the process stops here

    expect(start().snapshot.loaded).toBe('nothing')
  })

  test('a close that failed can be repeated', () => {
    const { engine, snapshot } = start()
    engine.execute(['SET', 'key', 'a'])
    rmSync(folder, { recursive: true })
    expect(() => snapshot.close()).toThrow(expect.objectContaining({ code: 'ENOENT' }))

    mkdirSync(folder)
    snapshot.close()

    expect(start().engine.execute(['GET', 'key'])).toEqual({ result: 'a' })
  })

  test('does not write after it is closed', async () => {
    const { engine, snapshot } = start({ interval: '10s' })
    snapshot.close()
    snapshot.close()
    engine.execute(['SET', 'key', 'a'])
    await platform.advance(60_000)

    expect(start().engine.execute(['GET', 'key'])).toEqual({ result: null })
    expect(platform.pendingTimers).toBe(0)
  })

  test.each<[string, Partial<FileSnapshotOptions>]>([
    ['engine', { engine: undefined as never }],
    ['path', { path: '' }],
    ['path', { path: undefined as never }],
    ['options.folder', { folder: '/tmp' } as never],
    ['interval', { interval: 99 }],
    ['outdated', { outdated: 'keep' as 'discard' }],
  ])('rejects a bad %s', (option, options) => {
    expect(() => start(options)).toThrow(expect.objectContaining({ option }))
  })

  test('a process killed at any moment leaves a complete snapshot, and an outdated one never counts as current', {
    timeout: 300_000,
  }, async ({ task }) => {
    const loaded = { current: 0, outdated: 0, nothing: 0 }
    const kills = amount(4, 40)
    for (let kill = 0; kill < kills; kill++) {
      const acknowledged = await runUntilKilled(path, 150 + ((kill * 37) % 200))

      const { engine, snapshot } = start({ outdated: 'restore' })

      const held = Number(engine.execute(['GET', 'count']).result)
      expect(engine.execute(['LLEN', 'list']).result).toBe(
        snapshot.loaded === 'nothing' ? 0 : 2_000,
      )
      if (snapshot.loaded === 'current') expect(held).toBeGreaterThanOrEqual(acknowledged)
      loaded[snapshot.loaded]++
    }
    found(task, 'snapshots after a kill', { kills, ...loaded, damaged: 0 })
  })
})

/** Runs and kills a process that changes and saves continuously. Returns its last acknowledged change. */
async function runUntilKilled(path: string, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  let isDoomed = false
  const lines = (): string[] => output.split('\n').slice(0, -1)
  child.stdout.on('data', (data) => {
    output += data
    if (isDoomed || lines().length < 2) return
    isDoomed = true
    setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  await new Promise((resolve) => child.once('close', resolve))
  return Number(lines().at(-1))
}

/**
 * Starts and stops the Worker under `wrangler dev` as a child process.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'

/** Without a cache, or with one. */
export type CacheMode = 'off' | 'on'

/** Options for {@link startWorker}. */
export interface WorkerOptions {
  /** Where D1 keeps its files. */
  readonly directory: string
  readonly token: string
  readonly mode: CacheMode
  readonly port: number
  /** More variables of the Worker. @default none */
  readonly vars?: Readonly<Record<string, string>>
}

/** A running Worker. */
export interface RunningWorker {
  readonly origin: string
  /** Resolves when the process has ended for any reason. */
  readonly ended: Promise<void>
  /** Ends the process and all it has started. */
  stop(): Promise<void>
}

const START_MS = 60_000
const STOP_MS = 5_000

/**
 * Starts the Worker and waits until it answers.
 *
 * @throws {Error} With the end of its output, when it exits before that or takes over a minute.
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const origin = `http://127.0.0.1:${options.port}`
  const log = join(options.directory, `wrangler-${options.mode}.log`)
  const child = await launch(options, log)
  const isOver = Promise.withResolvers<void>()
  child.once('exit', () => isOver.resolve())
  child.once('error', () => isOver.resolve())
  // However this process ends, it must not leave child processes behind.
  const killAll = (): void => signalGroup(child, 'SIGKILL')
  process.once('exit', killAll)

  async function stop(): Promise<void> {
    signalGroup(child, 'SIGTERM')
    const isSlow = await Promise.race([isOver.promise, delay(STOP_MS, true, { ref: false })])
    if (isSlow) killAll()
    await isOver.promise
    process.removeListener('exit', killAll)
  }

  const hasBegun = await Promise.race([answers(origin), isOver.promise.then(() => false)])
  if (hasBegun) return { origin, ended: isOver.promise, stop }
  await stop()
  const output = await readFile(log, 'utf8').catch(() => '')
  throw new Error(`wrangler dev did not start:\n${output.split('\n').slice(-20).join('\n')}`)
}

async function launch(
  { directory, token, mode, port, vars = {} }: WorkerOptions,
  log: string,
): Promise<ChildProcess> {
  const inspectorPort = await freePort()
  const words = [
    'node_modules/wrangler/bin/wrangler.js',
    'dev',
    ...['--ip', '127.0.0.1', '--port', String(port), '--inspector-port', String(inspectorPort)],
    ...['--persist-to', directory, '--show-interactive-dev-session', 'false'],
    ...Object.entries({ ADMIN_TOKEN: token, CACHE: mode, ...vars }).flatMap(([name, value]) => [
      '--var',
      `${name}:${value}`,
    ]),
  ]
  const child = spawn(process.execPath, words, {
    // A separate process group, so that workerd can be stopped together with it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CI: 'true',
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_LOG_PATH: directory,
      WRANGLER_SEND_METRICS: 'false',
    },
  })
  const file = createWriteStream(log)
  child.stdout?.pipe(file, { end: false })
  child.stderr?.pipe(file, { end: false })
  return child
}

async function answers(origin: string): Promise<boolean> {
  const giveUpAt = Date.now() + START_MS
  while (Date.now() < giveUpAt) {
    try {
      const signal = AbortSignal.timeout(5_000)
      const { ok } = await fetch(`${origin}/health/cache`, { signal })
      if (ok) return true
    } catch {
      // ECONNREFUSED, until it listens.
    }
    await delay(100)
  }
  return false
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: the group is gone already.
  }
}

/**
 * A real redis-server for tests, on a free port of the loopback interface.
 *
 * @module
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from './free-port.ts'

/** A server that was started for a test. */
export interface RedisServer {
  /** `redis://127.0.0.1:<port>` */
  readonly url: string
  readonly port: number
  /** Process id of the running server; changes with each start. */
  readonly pid: number
  /** Stops the process and waits until it has exited. Idempotent. */
  stop(): Promise<void>
  /** Stops the process if it runs, and starts another on the same port, without data. */
  restart(): Promise<void>
}

const STARTUP_DEADLINE_MS = 10_000
const POLL_MS = 20

/**
 * The path of redis-server, or undefined when this machine has none, so that tests can be skipped.
 *
 * `REDIS_SERVER` names another binary than the one on the path.
 *
 * @throws {Error} When there is none and `REQUIRE_REDIS=1` is set.
 */
export function findRedisServer(): string | undefined {
  const { REDIS_SERVER, REQUIRE_REDIS, PATH = '' } = process.env
  const candidates = REDIS_SERVER
    ? [REDIS_SERVER]
    : PATH.split(delimiter).map((folder) => join(folder, 'redis-server'))
  const found = candidates.find(isExecutable)
  if (found === undefined && REQUIRE_REDIS === '1') {
    throw new Error('REQUIRE_REDIS=1, but there is no redis-server on the path')
  }
  return found
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    // ENOENT or EACCES: not a binary we could run.
    return false
  }
}

/**
 * Starts a server without persistence.
 *
 * @param extraArgs Options of redis-server, such as `['--requirepass', 'secret']`.
 * @throws {Error} When there is no binary, or it does not answer within ten seconds.
 */
export async function startRedisServer(extraArgs: readonly string[] = []): Promise<RedisServer> {
  const binary = findRedisServer()
  if (binary === undefined) throw new Error('there is no redis-server on the path')
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-redis-'))
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder]
  args.push('--save', '', '--appendonly', 'no', ...extraArgs)

  let child = await launch(binary, args, port)
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid ?? 0
    },
    async stop() {
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
    async restart() {
      await end(child)
      child = await launch(binary, args, port)
    },
  }
}

async function launch(
  binary: string,
  args: readonly string[],
  port: number,
): Promise<ChildProcess> {
  const child = spawn(binary, args, { stdio: 'ignore' })
  const endWithParent = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', endWithParent)
  child.once('exit', () => process.removeListener('exit', endWithParent))
  const deadline = Date.now() + STARTUP_DEADLINE_MS
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await end(child)
      throw new Error(`redis-server did not start on port ${port}`)
    }
    await delay(POLL_MS)
  }
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  await gone
}

/** Whether a server answers PING there. An error about a password counts as an answer. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    const settle = (isUp: boolean): void => {
      socket.destroy()
      resolve(isUp)
    }
    socket.once('data', (data) => settle(/^(?:\+PONG|-NOAUTH)/.test(data.toString())))
    socket.once('error', () => settle(false))
  })
}

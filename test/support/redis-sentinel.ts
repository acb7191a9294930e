/**
 * A local sentinel, which monitors one primary.
 *
 * @module
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { findRedisServer } from './redis-server.ts'

/** The name of the primary. */
export const PRIMARY = 'main'

/** A started sentinel, which may not listen yet. */
export interface RedisSentinel {
  readonly host: string
  readonly port: number
  /** Suspends it until it is resumed: it accepts connections, and does not answer. */
  pause(): void
  resume(): void
  stop(): Promise<void>
}

/**
 * Starts one that promotes a replica half a second after the primary is gone.
 *
 * @param lines Further lines of its configuration.
 */
export async function startSentinel(
  primaryPort: number,
  lines: readonly string[] = [],
): Promise<RedisSentinel> {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-sentinel-'))
  const port = await freePort()
  const file = join(folder, 'sentinel.conf')
  const listens = lines.some((line) => line.startsWith('tls-'))
    ? ['port 0', `tls-port ${port}`]
    : [`port ${port}`]
  const watches = [
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor ${PRIMARY} 127.0.0.1 ${primaryPort} 1`,
    `sentinel down-after-milliseconds ${PRIMARY} 500`,
    `sentinel failover-timeout ${PRIMARY} 3000`,
  ]
  writeFileSync(file, [...listens, ...watches, ...lines].join('\n'))
  const child = spawn(findRedisServer() ?? '', [file, '--sentinel'], { stdio: 'ignore' })
  const endWithParent = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', endWithParent)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return {
    host: '127.0.0.1',
    port,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      process.removeListener('exit', endWithParent)
      child.kill('SIGKILL')
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/**
 * Checks version, role, memory and persistence of Redis.
 *
 * @module
 */

import { bytes } from '../output.ts'
import { type Finding, finding, type Patient } from './check.ts'

type Facts = Pick<Patient, 'info'>

/** The shares of the memory limit from which the check warns, and fails. */
const TIGHT = 0.85
const FULL = 0.95

/** The checks that read INFO. */
export const SERVER_CHECKS: readonly ((patient: Facts) => Finding)[] = [
  checkVersion,
  checkRole,
  checkMemory,
  checkEviction,
  checkEvicted,
  checkPersistence,
]

function checkVersion({ info }: Facts): Finding {
  const version = info.get('redis_version')
  if (version === undefined) return untold('version')
  const major = Number(version.split('.')[0])
  const name = info.get('server_name') ?? 'Redis'
  if (major >= 6) return finding('version', 'ok', `${name} ${version}`)
  return finding('version', 'fail', `${name} ${version}`, 'use Redis 6 or later, or Valkey')
}

function checkRole({ info }: Facts): Finding {
  const role = info.get('role')
  if (role === undefined) return untold('role')
  if (role === 'master') return finding('role', 'ok', 'this is a primary, and accepts writes')
  return finding('role', 'fail', 'this is a replica, and refuses writes', 'connect to its primary')
}

function checkMemory({ info }: Facts): Finding {
  const used = number(info, 'used_memory')
  const limit = number(info, 'maxmemory')
  if (used === undefined) return untold('memory')
  if (!limit) {
    return finding(
      'memory',
      'warn',
      `${bytes(used)} in use, no limit`,
      'set maxmemory below the memory of the machine: without a limit, the system kills Redis when memory runs out',
    )
  }
  const share = used / limit
  const evidence = `${bytes(used)} of ${bytes(limit)} in use (${Math.round(100 * share)} %)`
  if (share < TIGHT) return finding('memory', 'ok', evidence)
  const advice =
    'give Redis more memory, compress large values, shorten long lifetimes, or run: nearcache sweep'
  return finding('memory', share < FULL ? 'warn' : 'fail', evidence, advice)
}

function checkEviction({ info }: Facts): Finding {
  const policy = info.get('maxmemory_policy')
  if (policy === undefined) return untold('eviction')
  const evidence = `maxmemory-policy is ${policy}`
  if (policy !== 'noeviction') return finding('eviction', 'ok', evidence)
  const limit = number(info, 'maxmemory')
  return finding(
    'eviction',
    'warn',
    limit ? evidence : `${evidence}, no limit`,
    'use allkeys-lru for a cache alone, or volatile-ttl and spare memory with sessions; with noeviction, writes fail with OOM when memory is full',
  )
}

function checkEvicted({ info }: Facts): Finding {
  const evicted = number(info, 'evicted_keys')
  if (evicted === undefined) return untold('evicted')
  if (evicted === 0) return finding('evicted', 'ok', 'no key was evicted since Redis started')
  return finding(
    'evicted',
    'warn',
    `${evicted} keys were evicted since Redis started`,
    'if a marker is evicted, all its entries become misses: give Redis more memory',
  )
}

function checkPersistence({ info }: Facts): Finding {
  const aof = info.get('aof_enabled')
  const rdb = info.get('rdb_last_bgsave_status')
  if (aof === undefined && rdb === undefined) return untold('persistence')
  const failed = [
    ...(rdb === 'err' ? ['the last snapshot'] : []),
    ...(aof === '1' && info.get('aof_last_write_status') === 'err' ? ['the last append'] : []),
  ]
  if (failed.length > 0) {
    return finding(
      'persistence',
      'fail',
      `${failed.join(' and ')} failed`,
      'check the disk of Redis: it may refuse writes (MISCONF) until it can save',
    )
  }
  if (aof === '1') return finding('persistence', 'ok', 'every write is appended to a file')
  // INFO does not tell whether snapshots are configured.
  return finding(
    'persistence',
    'ok',
    'no append-only file: a restart loses the writes since the last snapshot; a cache has misses then, and users may have to log in again',
  )
}

function number(info: Facts['info'], field: string): number | undefined {
  const value = Number(info.get(field) ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

function untold(id: string): Finding {
  return finding(id, 'unknown', 'Redis does not report it (INFO)')
}

/**
 * JavaScript twins of the scripts of the cache protocol, for the embedded engine, the same line by line.
 * A differential test compares them with a real Redis.
 *
 * @module
 */

import type { Reply } from '../../requester.ts'
import * as scripts from '../../scripts/protocol.ts'
import { SEEK } from '../../scripts/seek.ts'
import type { Call, ScriptTwin, TwinBody } from '../scripting.ts'

/** Server time in microseconds, as 16 digits. */
function clock(call: Call): string {
  const [seconds, micros] = call('TIME') as [string, string]
  return `${seconds}${micros.padStart(6, '0')}`
}

/** Appends the markers of `keys` to `out`. Creates a marker that is missing or invalid. */
function markers(
  call: Call,
  out: Reply[],
  keys: readonly string[],
  [now, nonce, life]: readonly [now: string, nonce: string, life: string],
): Reply[] {
  for (const key of keys) {
    let marker = call('GET', key)
    if (!isMarker(marker)) {
      marker = `${nonce}-${now}.0`
      call('SET', key, marker, 'PX', life)
    } else if (Number(call('PTTL', key)) < Number(life) / 2) {
      call('PEXPIRE', key, life)
    }
    out.push(marker)
  }
  return out
}

function isMarker(found: Reply): boolean {
  return typeof found === 'string' && found.length < 130 && /^[\w-]+-\d+\.[\w-]+$/.test(found)
}

function bears(lease: Reply, nonce: string): lease is string {
  return typeof lease === 'string' && lease.startsWith(`${nonce}-`)
}

/** Grants the lease: returns its token and the markers. */
function granted(
  call: Call,
  [leaseKey = '', ...rest]: readonly string[],
  lease: string | null,
  [now, nonce, life, leaseMs]: readonly [now: string, nonce: string, life: string, leaseMs: string],
): Reply[] {
  const token = lease ?? `${nonce}-${now}`
  const made = markers(call, [token], rest, [now, nonce, life])
  if (lease === null) call('SET', leaseKey, token, 'PX', leaseMs)
  return made
}

const acquire: TwinBody = (
  call,
  [leaseKey = '', entryKey = '', ...rest],
  [nonce = '', leaseMs = '', life = '', prefix = ''],
) => {
  const now = clock(call)
  const found = call('GET', leaseKey)
  const lease = /^[\w-]+-\d+$/.test(String(found)) ? found : null
  if (lease !== null && !bears(lease, nonce)) return 0
  if (lease === null && prefix !== '?' && call('GETRANGE', entryKey, 0, 19) !== prefix) return 0
  return granted(call, [leaseKey, ...rest], lease, [now, nonce, life, leaseMs])
}

const commit: TwinBody = (
  call,
  [entryKey = '', leaseKey = ''],
  [token = '', entry = '', life = '', prefix = ''],
) => {
  if (call('GETRANGE', entryKey, 0, prefix.length - 1) === prefix) return 1
  if (call('GET', leaseKey) !== token) return 0
  call('SET', entryKey, entry, 'PX', life)
  call('DEL', leaseKey)
  return 1
}

const take: TwinBody = (
  call,
  [leaseKey = '', entryKey = '', ...rest],
  [nonce = '', leaseMs = '', life = ''],
) => {
  const now = clock(call)
  let lease = call('GET', leaseKey)
  if (!bears(lease, nonce)) {
    lease = `${nonce}-${now}`
    call('DEL', entryKey)
    call('SET', leaseKey, lease, 'PX', leaseMs)
  }
  return markers(call, [lease], rest, [now, nonce, life])
}

const seek: TwinBody = (call, keys, [nonce = '', leaseMs = '', life = '']) => {
  const now = clock(call)
  const texts = call('MGET', ...keys) as readonly (string | null)[]
  const [entry = null, found = null] = texts
  const lease = found !== null && /^[\w-]+-\d+$/.test(found) ? found : null
  if (!bears(lease, nonce) && (entry !== null || lease !== null)) return [0, ...texts]
  return granted(call, keys.slice(1), lease, [now, nonce, life, leaseMs])
}

const mark: TwinBody = (call, keys, [nonce = '', life = '']) =>
  markers(call, [], keys, [clock(call), nonce, life])

const late: TwinBody = (call, [epochKey = '', ...rest], [nonce = '', life = '']) =>
  markers(call, [call('GET', epochKey)], rest, [clock(call), nonce, life])

const soft: TwinBody = (call, [epochKey = '', ...rest], [nonce = '']) => {
  call('DEL', epochKey)
  const now = clock(call)
  for (const key of rest) {
    const [hard] = /^[^.]+/.exec(String(call('GET', key) ?? '')) ?? []
    if (hard !== undefined) call('SET', key, `${hard}.${nonce}-${now}`, 'KEEPTTL')
  }
  return 1
}

const release: TwinBody = (call, [leaseKey = ''], [token = '', inMs = '']) =>
  call('GETRANGE', leaseKey, 0, token.length - 1) === token ? call('PEXPIRE', leaseKey, inMs) : 0

const replace: TwinBody = (call, [entryKey = ''], [prefix = '', entry = '', life = '']) => {
  if (call('GETRANGE', entryKey, 0, prefix.length - 1) !== prefix) return 0
  call('SET', entryKey, entry, 'PX', life)
  return 1
}

const store: TwinBody = (
  call,
  [entryKey = '', leaseKey = '', ...rest],
  [nonce = '', life = '', entryLife = '', before = '', after = '', ...segments],
) => {
  const found = markers(call, [], rest, [clock(call), nonce, life])
  const stamps = found.map((marker, i) => `${segments[i]}=${String(marker)}`)
  call('DEL', leaseKey)
  call('SET', entryKey, `${before}${stamps.join(',')}${after}`, 'PX', entryLife)
  return 1
}

/** The twins of the cache protocol. Engines have them by default. */
export const TWINS: readonly ScriptTwin[] = [
  { sha1: scripts.ACQUIRE.sha1, run: acquire },
  { sha1: SEEK.sha1, run: seek },
  { sha1: scripts.COMMIT.sha1, run: commit },
  { sha1: scripts.TAKE.sha1, run: take },
  { sha1: scripts.MARK.sha1, run: mark },
  { sha1: scripts.LATE.sha1, run: late },
  { sha1: scripts.SOFT.sha1, run: soft },
  { sha1: scripts.RELEASE.sha1, run: release },
  { sha1: scripts.REPLACE.sha1, run: replace },
  { sha1: scripts.STORE.sha1, run: store },
]

/**
 * Checks the round trip and the encryption of the connection, and the clock of Redis.
 *
 * @module
 */

import { MAX_SKEW_MS } from '../../entry/freshness.ts'
import { millis } from '../output.ts'
import { ask } from './ask.ts'
import { type Finding, finding, type Patient } from './check.ts'

const ROUND_TRIPS = 20
/** A round trip takes a few milliseconds within a region, and tens of milliseconds or more to another one. */
const NEAR_MS = 15
const FAR_MS = 100

/** Measures PINGs that are sent one after the other. */
export async function checkRoundTrip(patient: Patient): Promise<Finding> {
  const times: number[] = []
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const startedAt = patient.elapsed()
    await ask(patient, 'PING')
    times.push(patient.elapsed() - startedAt)
  }
  const sorted = times.slice(1).sort((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? 0
  const slowest = sorted.at(-1) ?? 0
  const evidence = `median ${millis(median)}, slowest ${millis(slowest)}, of ${sorted.length} PINGs`
  if (median <= NEAR_MS) return finding('round-trip', 'ok', evidence)
  return finding(
    'round-trip',
    median <= FAR_MS ? 'warn' : 'fail',
    evidence,
    'move the database to the region of the application, or use a near tier: every hit in Redis takes a round trip',
  )
}

/** Compares the clock of Redis with that of this host. */
export async function checkClock(patient: Patient): Promise<Finding> {
  const sentAt = patient.platform.now()
  const asked = await ask(patient, 'TIME')
  const tookMs = patient.platform.now() - sentAt
  if (asked.kind === 'refused' || !Array.isArray(asked.reply)) {
    return finding('clock', 'unknown', 'Redis does not report its time (TIME)')
  }
  const [seconds, micros] = asked.reply
  const skewMs = Number(seconds) * 1_000 + Number(micros) / 1_000 - (sentAt + tookMs / 2)
  const ahead = skewMs >= 0 ? 'ahead of' : 'behind'
  const evidence = `Redis is ${Math.round(Math.abs(skewMs))} ms ${ahead} this host (± ${Math.ceil(tookMs / 2)} ms)`
  if (Math.abs(skewMs) <= MAX_SKEW_MS + tookMs) return finding('clock', 'ok', evidence)
  return finding(
    'clock',
    'warn',
    evidence,
    'synchronize the clocks with NTP: lifetimes are measured with the clocks of hosts',
  )
}

/** Checks whether others can read the traffic. */
export function checkEncryption({ way: { isEncrypted, isLocal }, kind }: Patient): Finding {
  if (kind === 'embedded') return finding('encryption', 'ok', 'Redis is in this process')
  if (isEncrypted === undefined)
    return finding('encryption', 'unknown', 'the connection is not known')
  if (isEncrypted) return finding('encryption', 'ok', 'TLS')
  if (isLocal) return finding('encryption', 'ok', 'no TLS, but Redis is on this machine')
  return finding(
    'encryption',
    'warn',
    'no TLS: password and values are readable on the network',
    'use rediss://, REDIS_TLS_ENABLED=true or https://, unless the network is private',
  )
}

/**
 * Checks whether the token or the user may run the commands that the cache needs.
 *
 * @module
 */

import { randomId } from '../../entry/id.ts'
import type { Argument } from '../../redis/requester.ts'
import { ACQUIRE, COMMIT } from '../../redis/scripts/protocol.ts'
import type { Script } from '../../redis/scripts/script.ts'
import { adviceOn } from './advice.ts'
import { ask } from './ask.ts'
import { type Asked, type Finding, finding, type Patient } from './check.ts'

/** A command to try, and what does not work without it. */
interface Trial {
  readonly name: string
  readonly args: (key: string, isCluster: boolean) => readonly Argument[]
  readonly uses: string
  /** Whether the cache cannot work without it. */
  readonly isNeeded: boolean
}

const TRIALS: readonly Trial[] = [
  { name: 'SET', args: (key) => [key, 'x', 'PX', 60_000], uses: 'every write', isNeeded: true },
  // Two keys in two hash slots, like an entry and its markers. In a cluster, each slot is read by itself.
  {
    name: 'MGET',
    args: (key, isCluster) => (isCluster ? [key] : [key, key.replace('{', '')]),
    uses: 'every read',
    isNeeded: true,
  },
  { name: 'GETRANGE', args: (key) => [key, 0, 0], uses: 'near.verify', isNeeded: true },
  { name: 'PTTL', args: (key) => [key], uses: 'inspect, migrate', isNeeded: false },
  { name: 'SCAN', args: () => [0, 'COUNT', 1], uses: 'patterns, sweep', isNeeded: false },
  { name: 'INFO', args: () => ['memory'], uses: 'memory figures', isNeeded: false },
  { name: 'DBSIZE', args: () => [], uses: 'key figures', isNeeded: false },
  { name: 'TIME', args: () => [], uses: 'clock checks', isNeeded: false },
  { name: 'DEL', args: (key) => [key], uses: 'delete, invalidation', isNeeded: true },
]

const ONE_NODE = [
  'this is one node of a cluster, and refuses keys of other nodes',
  'add --cluster, and use tcpTransport({ cluster }) in the application: see docs/operations.md',
] as const

function isOfCluster(asked: Asked): boolean {
  return asked.kind === 'refused' && (asked.word === 'MOVED' || asked.word === 'CROSSSLOT')
}

/** Tries each command on a test key, which the last one deletes. */
export async function checkRights(patient: Patient): Promise<Finding> {
  const key = trialKey(patient)
  const refused: Trial[] = []
  /** Advice on a state of Redis that has nothing to do with permissions, such as `LOADING`. */
  let advice: string | undefined
  for (const trial of TRIALS) {
    const asked = await ask(patient, trial.name, ...trial.args(key, patient.isCluster))
    if (isOfCluster(asked)) return finding('rights', 'fail', ...ONE_NODE)
    if (asked.kind !== 'refused') continue
    refused.push(trial)
    advice ??= adviceOn(asked.word)
  }
  if (refused.length === 0) {
    return finding('rights', 'ok', `all ${TRIALS.length} tested commands are allowed`)
  }
  const names = refused.map(({ name, uses }) => `${name} (${uses})`).join(', ')
  const isFatal = refused.some(({ isNeeded }) => isNeeded)
  return finding(
    'rights',
    isFatal ? 'fail' : 'warn',
    `refused: ${names}`,
    advice ??
      (isFatal
        ? `use a token that may write, or an ACL user with ~${patient.prefix}:* and the permissions listed in docs/operations.md`
        : 'allow these commands for figures and tools; the cache itself works without them'),
  )
}

/** Runs the two scripts of a load on test keys. The scripts also call TIME. */
export async function checkScripts(patient: Patient): Promise<Finding> {
  const key = trialKey(patient)
  const [entry, lease, marker] = [`${key}:e`, `${key}:l`, `${key}:m`]
  try {
    const nonce = randomId()
    const acquired = await run(patient, ACQUIRE, [lease, entry, marker], [nonce, 5_000, 5_000, ''])
    const token =
      acquired.kind === 'reply' && Array.isArray(acquired.reply) ? acquired.reply[0] : ''
    if (typeof token !== 'string' || !token.startsWith(`${nonce}-`)) return scriptsFail(acquired)
    const committed = await run(patient, COMMIT, [entry, lease], [token, 'trial', 5_000, 'trial'])
    if (committed.kind !== 'reply' || committed.reply !== 1) return scriptsFail(committed)
    return finding(
      'scripts',
      'ok',
      'the scripts of the cache run: a lease was acquired, and a value committed',
    )
  } finally {
    await ask(patient, 'DEL', entry, lease, marker)
  }
}

function scriptsFail(asked: Asked): Finding {
  if (isOfCluster(asked)) return finding('scripts', 'fail', ...ONE_NODE)
  const why = asked.kind === 'refused' ? asked.word : 'unexpected reply'
  return finding(
    'scripts',
    'fail',
    `the scripts of the cache do not run: ${why}`,
    adviceOn(why) ??
      'allow EVAL and EVALSHA, and TIME inside scripts (Redis 6 or later, Upstash, Valkey)',
  )
}

async function run(
  patient: Patient,
  { lua, sha1 }: Script,
  keys: readonly string[],
  args: readonly Argument[],
): Promise<Asked> {
  const rest = [keys.length, ...keys, ...args]
  const asked = await ask(patient, 'EVALSHA', sha1, ...rest)
  return asked.kind === 'refused' && asked.word === 'NOSCRIPT'
    ? ask(patient, 'EVAL', lua, ...rest)
    : asked
}

/** The braces put all keys that begin with it into one hash slot. */
function trialKey({ prefix }: Patient): string {
  return `${prefix}:{doctor/${randomId()}}`
}

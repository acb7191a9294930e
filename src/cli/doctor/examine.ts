/**
 * Runs all checks of Redis and the connection to it. Writes test keys, and deletes them afterwards.
 *
 * @module
 */

import {
  ConfigurationError,
  isNearcacheError,
  RemoteError,
  RemoteTimeoutError,
} from '../../errors.ts'
import { adviceOn } from './advice.ts'
import { ask, readInfo } from './ask.ts'
import { type Finding, finding, type Patient } from './check.ts'
import { checkForeignKeys } from './foreign-keys.ts'
import { checkRights, checkScripts } from './rights.ts'
import { SERVER_CHECKS } from './server.ts'
import { checkClock, checkEncryption, checkRoundTrip } from './way.ts'

const ASKING: readonly ((patient: Patient) => Promise<Finding> | Finding)[] = [
  checkEncryption,
  checkRoundTrip,
  checkClock,
  checkRights,
  checkScripts,
  ...SERVER_CHECKS,
  checkForeignKeys,
]

/**
 * All findings, in a fixed order. If Redis does not answer, that is the only finding. If Redis fails during
 * a later check, that is the last finding.
 *
 * @param heard Called with each finding as soon as it is known.
 */
export async function examine(
  patient: Omit<Patient, 'info'>,
  heard: (finding: Finding) => void = () => undefined,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const add = (one: Finding): void => {
    findings.push(one)
    heard(one)
  }
  try {
    const asked = await ask(patient, 'PING')
    add(
      asked.kind === 'reply'
        ? finding(
            'connection',
            'ok',
            `Redis answers, over ${patient.kind}${patient.isCluster ? ', as a cluster' : ''}`,
          )
        : refused(asked.word),
    )
    if (asked.kind === 'refused') return findings
    const whole: Patient = { ...patient, info: await readInfo(patient) }
    for (const check of ASKING) add(await check(whole))
  } catch (error) {
    if (!isNearcacheError(error) || error instanceof ConfigurationError) throw error
    add(unanswered(error, patient.isCluster))
  }
  return findings
}

function refused(word: string): Finding {
  const advice =
    word === 'NOPERM'
      ? 'give the user, or the token, the permissions listed in docs/operations.md'
      : 'check user and password, or the token: NOAUTH means that none was sent, WRONGPASS that it is wrong'
  return finding('connection', 'fail', `Redis refuses: ${word}`, adviceOn(word) ?? advice)
}

function unanswered(error: unknown, isCluster: boolean): Finding {
  const isLate = error instanceof RemoteTimeoutError
  const reason =
    error instanceof RemoteError ? error.reason : isLate ? 'no answer in time' : 'unknown error'
  if (isCluster && reason === 'ERR') {
    return finding('connection', 'fail', 'Redis is not a node of a cluster', 'leave out --cluster')
  }
  const advice = /^(?:HTTP 401|NOAUTH|WRONGPASS)$/.test(reason)
    ? 'check user and password, or the token'
    : 'check host, port, TLS and firewalls, and that Redis is running at this address'
  return finding(
    'connection',
    'fail',
    `${isCluster ? 'Redis, or a node of the cluster,' : 'Redis'} does not answer: ${reason}`,
    adviceOn(reason) ??
      (isCluster ? `${advice}; CLUSTER NODES shows which nodes are down` : advice),
  )
}

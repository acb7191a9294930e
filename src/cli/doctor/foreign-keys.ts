/**
 * Checks for entries of the cache that this library's interface comes from, which could be migrated.
 *
 * @module
 */

import { ORIGINAL } from '../upkeep/mapping.ts'
import { Template } from '../upkeep/template.ts'
import { ask } from './ask.ts'
import { type Finding, finding, type Patient } from './check.ts'

/** Size of the sample. Scanning the whole database may take long. */
const LOOKED_AT = 1_000

export async function checkForeignKeys(patient: Patient): Promise<Finding> {
  if (patient.isCluster) {
    return finding(
      'old-keys',
      'unknown',
      'not checked: nearcache migrate does not work in a cluster',
    )
  }
  const { glob } = new Template('from', ORIGINAL.from)
  const asked = await ask(patient, 'SCAN', 0, 'MATCH', glob, 'COUNT', LOOKED_AT)
  const names = asked.kind === 'reply' && Array.isArray(asked.reply) ? asked.reply[1] : undefined
  if (!Array.isArray(names))
    return finding('old-keys', 'unknown', 'Redis refuses to list keys (SCAN)')
  if (names.length === 0) {
    return finding(
      'old-keys',
      'ok',
      `no key of the format cache:data:… in a sample of ${LOOKED_AT} keys`,
    )
  }
  return finding(
    'old-keys',
    'warn',
    `${names.length} of the format cache:data:… in a sample of ${LOOKED_AT} keys`,
    'to move them into this cache: nearcache migrate --dry-run',
  )
}

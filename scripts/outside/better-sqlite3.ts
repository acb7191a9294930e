/**
 * Runs the contracts of the mailbox on better-sqlite3, which is installed into a temporary folder.
 *
 * Usage: `node scripts/outside/better-sqlite3.ts`
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const VERSION = '13.2.0'

const folder = mkdtempSync(join(tmpdir(), 'nearcache-better-sqlite3-'))
try {
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const install = ['install', '--no-package-lock', `better-sqlite3@${VERSION}`]
  execFileSync('npm', install, { cwd: folder, stdio: 'inherit' })
  execFileSync('npx', ['vitest', 'run', '--project', 'node', 'test/contract/email'], {
    stdio: 'inherit',
    env: { ...process.env, BETTER_SQLITE3: folder },
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

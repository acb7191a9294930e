/**
 * Tests the middleware on every minor version of tRPC 11, and on the last of 10: its contract over HTTP, and
 * its types. tRPC does not document that a middleware may answer without calling `next`, so each version is
 * tested.
 *
 * Builds and packs, installs the package and each version into a temporary folder. Prints one line for each
 * version; fails unless all pass.
 *
 * Usage: `npm run test:trpc [-- 11.4 11.25 …]`
 *
 * @module
 */

import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { npm, packInto } from '../package/pack.ts'

const ROOT = join(import.meta.dirname, '../..')
const CONTRACT = join(import.meta.dirname, 'contract')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const OPTIONS =
  '--noEmit --strict --skipLibCheck --module nodenext --target es2024 --lib es2024,dom --types node'
const INSTALL =
  'install --silent --ignore-scripts --no-audit --no-fund --no-package-lock --prefer-offline'
const TIMEOUT_MS = 60_000
/** 11.20, 11.21 and 11.24 were never published. */
const ABSENT = ['11.20', '11.21', '11.24']
/** The client of 11.23 was not published either. The previous one is compatible. */
const CLIENTS: Readonly<Record<string, string>> = { '11.23': '11.22' }
const MINORS = [
  '10.45',
  ...Array.from({ length: 26 }, (_, minor) => `11.${minor}`).filter(
    (version) => !ABSENT.includes(version),
  ),
]
/** How many versions are tested concurrently. */
const AT_ONCE = 2

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'nearcache-trpc-'))
const given = process.argv.slice(2)
try {
  installPackage()
  const left = given.length > 0 ? given : [...MINORS]
  const total = left.length
  let green = 0
  const work = async (): Promise<void> => {
    for (let minor = left.shift(); minor !== undefined; minor = left.shift()) {
      if (await isGreen(minor)) green++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  console.log(`trpc: ${green} of ${total} versions`)
  if (green < total) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Packages shared by all versions are installed one folder above, where Node finds them. */
function installPackage(): void {
  const { tarball } = packInto(folder)
  const types = join(ROOT, 'node_modules/@types/node/package.json')
  const { version } = JSON.parse(readFileSync(types, 'utf8')) as { version: string }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  npm(folder, ...INSTALL.split(' '), tarball, 'superjson@2', `@types/node@${version}`)
}

async function isGreen(minor: string): Promise<boolean> {
  const home = join(folder, minor)
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }')
  cpSync(CONTRACT, home, { recursive: true })
  const server = `@trpc/server@~${minor}.0`
  const client = `@trpc/client@~${CLIENTS[minor] ?? minor}.0`
  const options = { cwd: home, timeout: TIMEOUT_MS }
  try {
    await run('npm', [...INSTALL.split(' '), '--legacy-peer-deps', server, client], options)
    const { stdout } = await run(process.execPath, ['contract.mjs'], options)
    await run(process.execPath, [TSC, ...OPTIONS.split(' '), 'types.ts'], options)
    console.log(`@trpc/server ${stdout.trim()}, types fit`)
    return true
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & Record<string, string>
    console.log(`@trpc/server ${minor}: FAILED\n${stdout}${stderr || message}`)
    return false
  }
}

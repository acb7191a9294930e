/**
 * The other packages, installed on demand into a separate folder, so that none becomes a dependency of this package.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The other packages, and the versions that are measured. */
export const PEERS: Readonly<Record<string, string>> = {
  '@epic-web/cachified': '5.6.3',
  '@keyv/redis': '5.1.6',
  '@unkey/cache': '1.5.0',
  '@upstash/redis': '1.39.0',
  'async-cache-dedupe': '3.4.0',
  bentocache: '1.6.1',
  'cache-manager': '7.2.9',
  cacheable: '2.5.0',
  'connect-redis': '9.0.0',
  'express-session': '1.19.0',
  'drizzle-orm': '0.45.4',
  ioredis: '5.11.1',
  'iron-session': '9.0.1',
  jose: '6.2.18',
  'layered-loader': '14.2.2',
  'lru-cache': '11.5.3',
  ocache: '0.3.2',
  redis: '5.12.1',
  'socket.io': '4.8.4',
}

/** Written last: a folder that contains it is complete. */
const DONE = 'installed.mjs'

/** The folder of the installed peers. The first call installs them. */
export function peerFolder(): string {
  const packages = Object.entries(PEERS).map(([name, version]) => `${name}@${version}`)
  const id = createHash('sha256').update(packages.join()).digest('hex').slice(0, 24)
  const folder = join(tmpdir(), `nearcache-bench-${process.getuid?.() ?? 0}-${id}`)
  if (existsSync(join(folder, DONE))) return folder
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--silent']
  execFileSync('npm', ['install', ...flags, ...packages], { cwd: folder, stdio: 'inherit' })
  writeFileSync(join(folder, DONE), 'export const load = (name) => import(name)\n')
  return folder
}

/** Imports a peer; `Module` declares the part of it that the caller uses. */
export async function loadPeer<Module>(name: string): Promise<Module> {
  const { load } = (await import(pathToFileURL(join(peerFolder(), DONE)).href)) as {
    load(name: string): Promise<Module>
  }
  return load(name)
}

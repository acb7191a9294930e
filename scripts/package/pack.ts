/**
 * Packs the package as it is published, for scripts that install it.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** A packed package. */
export interface Packed {
  /** The path of the tarball. */
  readonly tarball: string
  readonly files: number
  readonly bytes: number
}

/** Builds the package, and packs it into this folder. */
export function packInto(folder: string): Packed {
  npm(ROOT, 'run', '--silent', 'build')
  const [packed] = JSON.parse(
    npm(ROOT, 'pack', '--silent', '--json', '--pack-destination', folder),
  ) as [{ readonly filename: string; readonly entryCount: number; readonly size: number }]
  const { filename, entryCount: files, size: bytes } = packed
  return { tarball: join(folder, filename), files, bytes }
}

/** Runs npm and returns its output. Its errors are shown. */
export function npm(cwd: string, ...args: readonly string[]): string {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

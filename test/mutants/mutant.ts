/**
 * A mistake, as a few edits of the source, and what must go red because of it.
 *
 * @module
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A piece of one file, and what stands there instead. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly from: string
  readonly to: string
}

/** One mistake. */
export interface Mutant {
  readonly name: string
  readonly edits: readonly Edit[]
  /** A test file that finds it; without one the schedules of `test/schedule` do. */
  readonly foundBy?: string
}

const ROOT = join(import.meta.dirname, '../..')
const COPIED = ['src', 'test', 'scripts', 'migrations', 'workers', 'package.json', 'tsconfig.json']

/** A copy of the repository in which the mistake has been made. */
export interface MutatedCopy {
  readonly folder: string
  remove(): void
}

/**
 * Copies the repository and makes the edits.
 *
 * @throws {Error} When a piece does not stand in its file exactly once: the mutant has to follow the
 * source.
 */
export function mutate({ name, edits }: Pick<Mutant, 'name' | 'edits'>): MutatedCopy {
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-mutant-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    for (const path of [...COPIED, 'vitest.config.ts', 'wrangler.toml']) {
      cpSync(join(ROOT, path), join(folder, path), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    for (const edit of edits) apply(folder, edit, name)
    return { folder, remove }
  } catch (error) {
    remove()
    throw error
  }
}

function apply(folder: string, { file, from, to }: Edit, name: string): void {
  const path = join(folder, file)
  const parts = readFileSync(path, 'utf8').split(from)
  if (parts.length !== 2) {
    throw new Error(`mutant "${name}": ${parts.length - 1} places in ${file}, not one`)
  }
  writeFileSync(path, parts.join(to))
}

/**
 * A mistake, as a few edits of the source, and what must go red because of it.
 *
 * @module
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FocusName } from '../schedule/moves.ts'

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
  /** The kind of schedules that come to it, where others seldom do. */
  readonly focus?: FocusName
}

const ROOT = join(import.meta.dirname, '../..')
/** What the tests that find mistakes need. */
const COPIED = [
  'src',
  'test',
  'scripts',
  'migrations',
  'workers',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
  'wrangler.toml',
]

/** A copy of the repository in which the mistake has been made. */
export interface MutatedCopy {
  readonly folder: string
  remove(): void
}

/**
 * The files that a mistake changes, with their texts.
 *
 * @throws {Error} When a piece does not stand in its file exactly once: the mutant has to follow the
 * source.
 */
export function mutatedFiles({ name, edits }: Mutant): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const { file, from, to } of edits) {
    const text = files.get(file) ?? readFileSync(join(ROOT, file), 'utf8')
    const parts = text.split(from)
    if (parts.length !== 2) {
      throw new Error(`mutant "${name}": ${parts.length - 1} places in ${file}, not one`)
    }
    files.set(file, parts.join(to))
  }
  return files
}

/** Copies the repository, with the mistake made. */
export function mutate(mutant: Mutant): MutatedCopy {
  const files = mutatedFiles(mutant)
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-mutant-'))
  for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, text] of files) writeFileSync(join(folder, file), text)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

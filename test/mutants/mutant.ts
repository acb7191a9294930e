/**
 * A deliberate mistake: a few edits of the source, and the tests that must fail because of it.
 *
 * @module
 */

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FocusName } from '../schedule/moves.ts'

/** Text in one file, and its replacement. */
export interface Edit {
  /** Path from the root of the repository. */
  readonly file: string
  /** Must occur in the file exactly once. */
  readonly from: string
  readonly to: string
}

/** One mistake. */
export interface Mutant {
  readonly name: string
  readonly edits: readonly Edit[]
  /** The test file that finds the mistake. Without it, the schedules of `test/schedule` must. */
  readonly foundBy?: string
  /** The kind of schedules that finds the mistake, where others seldom do. */
  readonly focus?: FocusName
}

const ROOT = join(import.meta.dirname, '../..')
/** What the tests need in a copy of the repository. */
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

/** A copy of the repository that contains the mistake. */
export interface MutatedCopy {
  readonly folder: string
  remove(): void
}

/**
 * The files that a mistake changes, with their new texts.
 *
 * @throws {Error} When `from` does not occur in its file exactly once: the source has changed, and the
 * mutant must be adapted.
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

/** Copies the repository and makes the mistake in the copy. */
export function mutate(mutant: Mutant): MutatedCopy {
  const files = mutatedFiles(mutant)
  const folder = mkdtempSync(join(tmpdir(), 'nearcache-mutant-'))
  for (const path of COPIED) cpSync(join(ROOT, path), join(folder, path), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const [file, text] of files) writeFileSync(join(folder, file), text)
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

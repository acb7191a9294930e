/**
 * Reads the imports of source files, for the tests that compare the layers with the code.
 *
 * @module
 */

import { globSync, readFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'

/** A source file of the repository. */
export interface SourceFile {
  /** Path from the root of the repository, with slashes: `src/cache/read.ts`. */
  readonly path: string
  readonly text: string
  /** Targets of its relative imports, type imports included, as paths from the root of the repository. */
  readonly files: readonly string[]
  /** Specifiers that are not relative: `zod`, `nearcache/email`, `node:fs`. */
  readonly packages: readonly string[]
}

/** Matches imports only at the start of a line, so that examples in docstrings do not count. */
const IMPORT =
  /^(?:import|export)\s(?:[^'"=()]*\sfrom\s+)?'([^']+)'|(?<!\* .*)\bimport\(\s*'([^']+)'/gm

/** Reads all files that match the patterns. */
export function sourceFiles(...patterns: readonly string[]): readonly SourceFile[] {
  return globSync([...patterns]).map((file) => {
    const path = file.replaceAll('\\', '/')
    const text = readFileSync(file, 'utf8')
    const specifiers = [...text.matchAll(IMPORT)].map(
      ([, stated, called]) => stated ?? called ?? '',
    )
    return {
      path,
      text,
      files: specifiers.filter(isRelative).map((to) => posix.join(dirname(path), to)),
      packages: specifiers.filter((to) => !isRelative(to)),
    }
  })
}

/** The name of the package in a specifier: `@noble/hashes` of `@noble/hashes/sha2.js`. */
export function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith('.')
}

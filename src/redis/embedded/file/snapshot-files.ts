/**
 * The files of a snapshot: one that is whole and up to date, or one that is whole and not.
 *
 * Which of the two it is stands in its name, since a name changes at once or not at all. What is
 * being written has a third, and is nobody's until it is finished.
 *
 * @module
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'

const READ_BYTES = 256 * 1024

/** The names that belong to one path. Every method leaves the disk with what it says. */
export class SnapshotFiles {
  readonly #current: string
  readonly #outdated: string
  readonly #unfinished: string

  constructor(path: string) {
    this.#current = path
    this.#outdated = `${path}.outdated`
    this.#unfinished = `${path}.unfinished`
  }

  get hasCurrent(): boolean {
    return existsSync(this.#current)
  }

  get hasOutdated(): boolean {
    return existsSync(this.#outdated)
  }

  /** The chunks of the snapshot, the one that is up to date if there is one. */
  *read(): IterableIterator<Uint8Array> {
    const file = openSync(this.hasCurrent ? this.#current : this.#outdated, 'r')
    try {
      const buffer = new Uint8Array(READ_BYTES)
      for (let length = readSync(file, buffer); length > 0; length = readSync(file, buffer)) {
        yield buffer.slice(0, length)
      }
    } finally {
      closeSync(file)
    }
  }

  /** Makes the chunks the snapshot that is up to date; until then there is the one before. */
  write(chunks: Iterable<Uint8Array>): void {
    const file = openSync(this.#unfinished, 'w', 0o600)
    try {
      for (const chunk of chunks) writeWhole(file, chunk)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(this.#unfinished, this.#current)
    this.#syncFolder()
    rmSync(this.#outdated, { force: true })
  }

  /** The snapshot is no longer up to date. */
  outdate(): void {
    if (!this.hasCurrent) return
    renameSync(this.#current, this.#outdated)
    this.#syncFolder()
  }

  /** A name that changed is on the disk only once its folder is. */
  #syncFolder(): void {
    if (process.platform === 'win32') return // There a folder cannot be opened.
    const folder = openSync(dirname(this.#current), 'r')
    try {
      fsyncSync(folder)
    } finally {
      closeSync(folder)
    }
  }
}

function writeWhole(file: number, chunk: Uint8Array): void {
  for (let rest = chunk; rest.length > 0; ) rest = rest.subarray(writeSync(file, rest))
}

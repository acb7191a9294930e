/**
 * The files of a snapshot: a complete current snapshot, or a complete outdated one.
 *
 * The file name says which of the two it is, since a rename is atomic. A snapshot that is being written has
 * a third name, under which it is never read.
 *
 * @module
 */

import {
  accessSync,
  closeSync,
  constants,
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

/** The file names for one path. Every method returns only after its change is on disk. */
export class SnapshotFiles {
  readonly #current: string
  readonly #outdated: string
  readonly #unfinished: string

  /** @throws The error of Node, when no file can be made in the folder. */
  constructor(path: string) {
    accessSync(dirname(path), constants.W_OK)
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

  /** The chunks of the current snapshot, or of the outdated one if there is no current one. */
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

  /** Writes the chunks as the current snapshot. The previous snapshot is kept until the new one is complete. */
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

  /** Marks the snapshot as outdated. */
  outdate(): void {
    if (!this.hasCurrent) return
    renameSync(this.#current, this.#outdated)
    this.#syncFolder()
  }

  /** A rename is on disk only after its folder has been synced. */
  #syncFolder(): void {
    if (process.platform === 'win32') return // Windows cannot open a folder.
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

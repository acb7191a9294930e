/**
 * Snapshots of an embedded engine in a file, on Node: `nearcache/redis/embedded/file`.
 *
 * @module
 */

export { FileSnapshot, type FileSnapshotOptions } from './file-snapshot.ts'

/**
 * Reads data of processes from the kernel, on Linux.
 *
 * @module
 */

import { readdirSync, readFileSync } from 'node:fs'

/** Processes of this one's children that are workerd. */
export function workerdProcesses(): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const [, name, , parent] = /^\d+ \((.*)\) (\S) (\d+)/.exec(statOf(pid)) ?? []
      return name === 'workerd' && Number(parent) === process.pid
    })
    .map(Number)
}

/** The line of `/proc/<pid>/stat`; empty when the process has ended. */
export function statOf(pid: string | number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return '' // it has ended meanwhile
  }
}

/** How long the threads that a process has now were on a processor, in nanoseconds. */
export function threadNanoseconds(pid: number): number {
  const folder = `/proc/${pid}/task`
  return readdirSync(folder)
    .map((thread) => Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((all, one) => all + one, 0)
}

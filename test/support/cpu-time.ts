/**
 * Measures the processor time of work, independent of the load of the machine.
 *
 * @module
 */

/** The processor time that this process has used while `work` ran, in milliseconds. */
export function cpuTimeOf(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

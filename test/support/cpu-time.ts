/**
 * How long work takes that waits for nothing, whatever else the machine does meanwhile.
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

/**
 * Lets a test say what it found, in one line that the run ends with.
 *
 * @module
 */

declare module 'vitest' {
  interface TaskMeta {
    /** What the test counted, such as `schedules: 3000 run, 0 violations`. */
    findings?: string[]
  }
}

/**
 * Adds a line to what the run ends with. Say it before the expectations, so that a run that fails
 * says it too.
 *
 * @param part What was tried: `schedules`, `faults over rest`.
 * @param counts Figures with their names: `{ run: 3_000, violations: 0 }`.
 */
export function found(
  { meta }: { readonly meta: { findings?: string[] } },
  part: string,
  counts: Readonly<Record<string, number | string>>,
): void {
  const figures = Object.entries(counts).map(([name, count]) => `${count} ${name}`)
  meta.findings = [...(meta.findings ?? []), `${part}: ${figures.join(', ')}`]
}

/**
 * Measures several ways to do one thing alternately within one run, so that other load on the machine
 * affects all of them.
 *
 * @module
 */

/** One of the ways that are compared. */
export interface Subject {
  readonly name: string
  /** Part of a round's operations that the subject runs, in (0, 1]; below 1 if it is slow. @default 1 */
  readonly share?: number
  /** Runs `count` operations, with `concurrency` of them at once. */
  run(count: number, concurrency: number): Promise<void>
}

/** What one subject cost, at one concurrency: medians over the rounds. */
export interface Figures {
  readonly subject: string
  readonly concurrency: number
  readonly opsPerSecond: number
  /** CPU time of the measured process for one operation, in microseconds. */
  readonly clientCpuUs: number
  /** Operations a second in the slowest and in the fastest round. */
  readonly range: readonly [slowest: number, fastest: number]
}

/** Two subjects compared: the median of the ratios of each round. */
export interface Ratio {
  readonly of: string
  readonly to: string
  readonly concurrency: number
  readonly throughput: number
  readonly clientCpu: number
}

/** A bound that the project has set for itself, and what was measured. */
export interface Target {
  readonly what: string
  readonly measured: number
  readonly bound: { readonly atMost: number } | { readonly atLeast: number }
}

/** Whether a target is met. A missing figure meets no target: it is NaN, or `null` after it was kept as JSON. */
export function isMet({ measured, bound }: Target): boolean {
  if (!Number.isFinite(measured)) return false
  return 'atMost' in bound ? measured <= bound.atMost : measured >= bound.atLeast
}

/** Figures other than rates. */
export interface Table {
  readonly title: string
  readonly heads: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** What a benchmark found. */
export interface Report {
  readonly title: string
  readonly rounds: number
  readonly ratios: readonly Ratio[]
  readonly figures: readonly Figures[]
  /** Counts, which do not depend on the machine. */
  readonly counts: Readonly<Record<string, number>>
  readonly targets?: readonly Target[]
  readonly tables?: readonly Table[]
  /** Notes that a reader needs to understand the figures. */
  readonly notes?: readonly string[]
}

/** How to run a benchmark. */
export interface BenchOptions {
  /** Whether to run at full size. `npm run bench` refuses `--full` for a benchmark that has only one size. */
  readonly isFull: boolean
}

export type Bench = (options: BenchOptions) => Promise<Report>

interface Sample {
  readonly opsPerSecond: number
  readonly clientCpuUs: number
}

/** Options for {@link compare}. */
export interface CompareOptions {
  readonly subjects: readonly Subject[]
  readonly concurrency: number
  /** Operations of a subject in a round; `share` reduces them. */
  readonly count: number
  readonly rounds: number
  /** Pairs of subjects, by name. */
  readonly ratios: readonly (readonly [of: string, to: string])[]
  /** CPU time that the measured process has used so far, in seconds. @default that of this process */
  readonly cpu?: () => number
}

/**
 * Runs every subject once a round, after a round that warms up. The order is random in each round: in a fixed
 * order, a subject would always collect the garbage of the same predecessor.
 */
export async function compare(
  options: CompareOptions,
): Promise<Pick<Report, 'figures' | 'ratios'>> {
  const { subjects, concurrency, rounds } = options
  const samples = new Map<string, Sample[]>(subjects.map(({ name }) => [name, []]))
  for (const subject of subjects) await sample(subject, options)
  for (let round = 0; round < rounds; round++) {
    for (const subject of shuffled(subjects)) {
      samples.get(subject.name)?.push(await sample(subject, options))
    }
  }
  const of = (name: string): readonly Sample[] => samples.get(name) ?? []
  return {
    figures: subjects.map(({ name }) => {
      const speeds = of(name).map(({ opsPerSecond }) => opsPerSecond)
      return {
        subject: name,
        concurrency,
        opsPerSecond: median(speeds),
        clientCpuUs: median(of(name).map(({ clientCpuUs }) => clientCpuUs)),
        range: [Math.min(...speeds), Math.max(...speeds)] as const,
      }
    }),
    ratios: options.ratios.map(([name, to]) => {
      const pairs = of(name).map((own, round) => [own, of(to)[round] ?? own] as const)
      return {
        of: name,
        to,
        concurrency,
        throughput: median(pairs.map(([own, other]) => own.opsPerSecond / other.opsPerSecond)),
        clientCpu: median(pairs.map(([own, other]) => own.clientCpuUs / other.clientCpuUs)),
      }
    }),
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  const order = new Map(items.map((item) => [item, Math.random()]))
  return [...items].sort((a, b) => (order.get(a) ?? 0) - (order.get(b) ?? 0))
}

async function sample(
  { run, share = 1 }: Subject,
  { count: most, concurrency, cpu = ownCpu }: CompareOptions,
): Promise<Sample> {
  const count = Math.ceil(most * share)
  const cpuBefore = cpu()
  const startedAt = performance.now()
  await run(count, concurrency)
  const seconds = (performance.now() - startedAt) / 1_000
  return { opsPerSecond: count / seconds, clientCpuUs: ((cpu() - cpuBefore) * 1e6) / count }
}

function ownCpu(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Calls `task` `count` times, with `concurrency` calls under way at once. */
export async function repeat(
  count: number,
  concurrency: number,
  task: () => Promise<unknown>,
): Promise<void> {
  let left = count
  const work = async (): Promise<void> => {
    while (left > 0) {
      left--
      await task()
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The `p`-quantile, with `p` in [0, 1]; NaN without values. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The measured ratio of two subjects; NaN if there is none. */
export function ratioOf(
  { ratios }: Pick<Report, 'ratios'>,
  of: string,
  to: string,
  concurrency: number,
): Pick<Ratio, 'throughput' | 'clientCpu'> {
  const found = ratios.find(
    (ratio) => ratio.of === of && ratio.to === to && ratio.concurrency === concurrency,
  )
  return found ?? { throughput: Number.NaN, clientCpu: Number.NaN }
}

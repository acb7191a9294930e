/**
 * Counts the requests to one database, and writes the counters in the text format of Prometheus.
 *
 * @module
 */

/** The kind of a request. */
export type RequestKind = 'command' | 'pipeline' | 'multi-exec' | 'subscription'

/** Upper bounds in seconds. The platform's clock counts whole milliseconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** The counters. They contain no key, value or command name (I5). */
export class Metrics {
  readonly #requests = new Map<string, number>()
  readonly #buckets: number[] = BUCKETS.map(() => 0)
  #seconds = 0
  #timed = 0
  #commands = 0
  #commandErrors = 0
  #backendRequests = 0
  #backendFailures = 0
  #streams = 0

  /** Counts an answered request. For a subscription, `ms` is the time until it started. */
  request(kind: RequestKind, status: number, ms: number): void {
    const labels = `kind="${kind}",status="${status}"`
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
    const seconds = Math.max(0, ms) / 1_000
    this.#seconds += seconds
    this.#timed++
    BUCKETS.forEach((bound, index) => {
      if (seconds <= bound) this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
    })
  }

  /** Counts answered commands, including refused ones, and how many of them got an error. */
  commands(count: number, errors: number): void {
    this.#commands += count
    this.#commandErrors += errors
  }

  backendRequest(): void {
    this.#backendRequests++
  }

  backendFailure(): void {
    this.#backendFailures++
  }

  streams(change: 1 | -1): void {
    this.#streams += change
  }

  /** Returns version 0.0.4 of the text format. */
  toText(): string {
    return [
      ...metric('requests_total', 'counter', 'Requests by what they asked for and their status.', [
        ...[...this.#requests].map(([labels, count]) => [`{${labels}}`, count] as const),
      ]),
      ...metric('commands_total', 'counter', 'Commands answered, refused ones too.', [
        ['', this.#commands],
      ]),
      ...metric('command_errors_total', 'counter', 'Commands answered with an error.', [
        ['', this.#commandErrors],
      ]),
      ...metric('backend_requests_total', 'counter', 'Requests to the backend.', [
        ['', this.#backendRequests],
      ]),
      ...metric('backend_failures_total', 'counter', 'Requests that the backend did not answer.', [
        ['', this.#backendFailures],
      ]),
      ...metric('streams', 'gauge', 'Subscriptions that are open.', [['', this.#streams]]),
      ...this.#histogram(),
      '',
    ].join('\n')
  }

  #histogram(): readonly string[] {
    const [help, type] = metric('request_duration_seconds', 'histogram', 'Time to answer.', [])
    return [
      help ?? '',
      type ?? '',
      ...BUCKETS.map((bound, i) =>
        line('request_duration_seconds_bucket', `{le="${bound}"}`, this.#buckets[i] ?? 0),
      ),
      line('request_duration_seconds_bucket', '{le="+Inf"}', this.#timed),
      line('request_duration_seconds_sum', '', this.#seconds),
      line('request_duration_seconds_count', '', this.#timed),
    ]
  }
}

type Sample = readonly [labels: string, value: number]

function metric(name: string, type: string, help: string, samples: readonly Sample[]): string[] {
  return [
    `# HELP nearcache_bridge_${name} ${help}`,
    `# TYPE nearcache_bridge_${name} ${type}`,
    ...samples.map(([labels, value]) => line(name, labels, value)),
  ]
}

function line(name: string, labels: string, value: number): string {
  return `nearcache_bridge_${name}${labels} ${value}`
}

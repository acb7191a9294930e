/**
 * A sink of figures for StatsD and DogStatsD servers, on Node.
 *
 * Exported as `'nearcache/monitor/statsd'`.
 *
 * @module
 */

export { type StatsdOptions, type StatsdSink, statsdSink } from './statsd-sink.ts'

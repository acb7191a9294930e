/**
 * Metrics, health, alerts and reports of a cache.
 *
 * Exported as `'nearcache/monitor'`.
 *
 * @module
 */

export type { Alert } from './alerts.ts'
export type { CacheFigures, Figures } from './figures.ts'
export { mergeFigures, totalOf } from './figures.ts'
export type { HealthReport, HealthStats, HealthStatus } from './health.ts'
export { type HistogramData, quantileMs } from './histogram.ts'
export { type HotKey, type HotKeyLists, HotKeys, type HotKeysOptions } from './hot-keys.ts'
export {
  type Batch,
  Metrics,
  type MetricsOptions,
  type MetricsSink,
} from './metrics.ts'
export { type MetricsEndpointOptions, metricsEndpoint } from './metrics-endpoint.ts'
export { CacheMonitor } from './monitor.ts'
export type {
  CacheMonitorOptions,
  JobRunner,
  JobSummary,
  MonitorEvents,
} from './monitor-options.ts'
export { type OtlpOptions, otlpSink } from './otlp-sink.ts'
export { type Gauge, PROMETHEUS_TYPE, prometheusText } from './prometheus.ts'
export type { Recommendation } from './recommendations.ts'
export { RedisFigures, type RedisFiguresOptions, type Slice } from './redis-figures.ts'
export { type PerformanceReport, toMarkdown } from './report.ts'
export type {
  AlertType,
  Judgement,
  RuleId,
  RuleOptions,
  RuleStatus,
  RulesOptions,
  Severity,
} from './rules.ts'
export { type Metric, SERIES, type Series } from './series.ts'
export {
  type AnalyticsEngineLike,
  analyticsEngineSink,
  consoleSink,
  type MeterLike,
  meterSink,
} from './sinks.ts'
export { type Quantiles, type Summary, summarize } from './summary.ts'
export { type WebhookOptions, webhook } from './webhook.ts'

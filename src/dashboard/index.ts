/**
 * A dashboard for operators, as a Hono app: health, figures, alerts, jobs and keys of a cache.
 *
 * Exported as `'nearcache/dashboard'`.
 *
 * @module
 */

export { dashboard, dashboardPages } from './dashboard.ts'
export type { Authenticate, DashboardOptions } from './options.ts'

/**
 * uPlot, for dashboards that serve it themselves. It is separate from the pages, so that a bundle without
 * it is 22 KB smaller.
 *
 * @module
 */

import type { Asset } from './assets.ts'
import { CHARTS_SCRIPT } from './chart-library.ts'

export const CHARTS: Asset = {
  name: 'charts.js',
  type: 'text/javascript; charset=utf-8',
  text: CHARTS_SCRIPT,
}

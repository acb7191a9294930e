/**
 * uPlot, for a dashboard to serve where nothing else does. Apart from the pages, so that a bundle without
 * it is without its 22 KB.
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

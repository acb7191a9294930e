import { expect, test } from 'vitest'
import { chartLibrary } from '../../../scripts/dashboard/chart-library.ts'
import { CHARTS_SCRIPT, CHARTS_STYLE } from '../../../src/dashboard/chart-library.ts'

test('the chart library is the installed uPlot: npm run prepare writes it', () => {
  const written = chartLibrary()

  expect(written).toContain(JSON.stringify(CHARTS_SCRIPT))
  expect(written).toContain(JSON.stringify(CHARTS_STYLE))
  expect(CHARTS_SCRIPT).toContain('uPlot')
})

import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { chartLibrary } from '../../../scripts/dashboard/chart-library.ts'
import {
  CHARTS_SCRIPT,
  CHARTS_STYLE,
  CHARTS_VERSION,
} from '../../../src/dashboard/chart-library.ts'
import { dashboard, dashboardPages } from '../../../src/dashboard/index.ts'
import { bench, TOKEN } from './bench.ts'

const STATIC_FILE = new URL('../../../workers/assets/dashboard/charts.js', import.meta.url)

test('the chart library is the installed uPlot: npm run prepare writes it', () => {
  const written = chartLibrary()

  expect(written).toContain(JSON.stringify(CHARTS_SCRIPT))
  expect(written).toContain(JSON.stringify(CHARTS_STYLE))
  expect(CHARTS_SCRIPT).toContain(`uPlot (v${CHARTS_VERSION})`)
})

test.each(['C', 'en-US@posix'])(
  'the chart library loads in a browser that says its language is %s, which is none',
  (language) => {
    const global = {
      ...{ window: new EventTarget(), document: {}, navigator: { language } },
      ...{ devicePixelRatio: 1, matchMedia: () => new EventTarget(), CustomEvent },
    }

    expect(runInNewContext(`${CHARTS_SCRIPT};typeof uPlot`, global)).toBe('function')
  },
)

test('the static file of the Worker is what a dashboard serves itself', () => {
  expect(readFileSync(STATIC_FILE, 'utf8')).toBe(CHARTS_SCRIPT)
})

test.each([
  ['dashboard', dashboard, [200, 200, 200]],
  ['dashboardPages', dashboardPages, [200, 404, 200]],
] as const)(
  '%s has the files that its pages ask for, those of uPlot or not',
  async (_, build, statuses) => {
    const { cache, monitor, platform } = bench()
    const app = build({ cache, monitor, platform, authenticate: TOKEN })

    const page = await (await app.request('/login')).text()
    const names = [...page.matchAll(/(?:href|src)="([\w.]+\?v=[\w.]+)"/g)].map(
      ([, href]) => `/${href}`,
    )
    const answers = await Promise.all(names.map(async (name) => (await app.request(name)).status))

    expect(names).toEqual([
      expect.stringContaining('/style.css?'),
      `/charts.js?v=${CHARTS_VERSION}`,
      expect.stringContaining('/dashboard.js?'),
    ])
    expect(answers).toEqual(statuses)
  },
)

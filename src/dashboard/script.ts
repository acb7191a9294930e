/**
 * The script of the pages in the browser: draws the charts, and updates the panels. All figures are in the
 * document without it, too.
 *
 * @module
 */

/**
 * JavaScript, for a deferred `<script src>`. It is sent unchanged, so its comments are here:
 *
 * - `charts` holds the charts by the id of their element, across updates. Without the file of `uPlot`, only
 *   the tables are shown.
 * - `limitLine` outlines its text, because lines may pass behind it.
 * - `lonely` finds values between two gaps, which need a point because no line leads to them.
 * - `readOut` puts the figures under the pointer into the legend; without a pointer, the initial ones: the
 *   sum of counts, or the newest of measurements.
 * - `shown` holds the markup of each panel as it was received, because the page changes the markup it shows.
 * - `update` reloads the page if panels were added or removed, for example when Redis fails or recovers.
 */
export const SCRIPT = `'use strict'
{
const HEIGHT = 220
const main = document.getElementById('main')
const styles = getComputedStyle(document.documentElement)
const colour = (name) => styles.getPropertyValue('--' + name).trim()
const charts = new Map()

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
function withUnit(value, unit) {
  if (value == null) return '–'
  if (unit === '%') return number.format(value) + ' %'
  if (unit === 'ms') return value >= 1000 ? number.format(value / 1000) + ' s' : number.format(value) + ' ms'
  return value >= 1e6 ? number.format(value / 1e6) + ' M' : value >= 1e4 ? number.format(value / 1e3) + ' k' : number.format(value)
}

function pointsOf({ at, lines }) {
  return [at.map((ms) => ms / 1000), ...lines.map(({ values }) => values)]
}

function limitLine(limit) {
  return (plot) => {
    if (!limit) return
    const { ctx, bbox } = plot
    const y = Math.round(plot.valToPos(limit.value, 'y', true))
    if (y < bbox.top || y > bbox.top + bbox.height) return
    ctx.save()
    ctx.strokeStyle = ctx.fillStyle = colour('bad')
    ctx.lineWidth = devicePixelRatio
    ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    ctx.font = 11 * devicePixelRatio + 'px ' + styles.fontFamily
    ctx.textAlign = 'right'
    ctx.textBaseline = 'bottom'
    const text = [limit.label + ' ' + withUnit(limit.value, plot.unit), bbox.left + bbox.width, y - 2 * devicePixelRatio]
    ctx.setLineDash([])
    ctx.lineWidth = 4 * devicePixelRatio
    ctx.lineJoin = 'round'
    ctx.strokeStyle = colour('surface')
    ctx.strokeText(...text)
    ctx.fillText(...text)
    ctx.restore()
  }
}

function lonely(plot, series) {
  const values = plot.data[series]
  return values.flatMap((value, i) => (value != null && values[i - 1] == null && values[i + 1] == null ? [i] : []))
}

function draw(element) {
  const data = JSON.parse(element.dataset.chart)
  const known = charts.get(element.id)
  const labels = data.lines.map(({ label }) => label).join()
  if (known && known.labels === labels) {
    if (known.element !== element) element.append(known.plot.root)
    charts.set(element.id, { ...known, element })
    if (known.text !== element.dataset.chart) known.plot.setData(pointsOf(data))
    charts.get(element.id).text = element.dataset.chart
    return
  }
  known?.plot.destroy()
  const axis = { stroke: colour('soft'), font: '11px ' + styles.fontFamily, grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } }
  const options = {
    width: Math.max(200, element.clientWidth),
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
    padding: [12, 20, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    scales: { y: { range: (_, min, max) => [0, data.max ?? (Math.max(max ?? 0, (data.limit?.value ?? 0) * 1.05) * 1.1 || 1)] } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map((tick) => new Date(tick * 1000).toISOString().slice(11, 16)), space: 64, size: 28 },
      { ...axis, size: 62, values: (_, ticks) => ticks.map((tick) => withUnit(tick, data.unit)) },
    ],
    series: [
      {},
      ...data.lines.map(({ label, tone }, i) => ({
        label,
        stroke: colour('line-' + tone),
        fill: i === 0 && data.unit === '%' ? colour('area-' + tone) : undefined,
        width: 2,
        spanGaps: false,
        points: { show: true, size: 5, filter: data.at.length > 24 ? lonely : undefined },
      })),
    ],
    hooks: { draw: [limitLine(data.limit)], setCursor: [(plot) => readOut(element.id, plot, data.unit)] },
  }
  element.replaceChildren()
  const plot = new uPlot(options, pointsOf(data), element)
  plot.unit = data.unit
  plot.root.setAttribute('aria-hidden', 'true')
  charts.set(element.id, { plot, labels, element, text: element.dataset.chart })
}

function summaryOf(values, unit) {
  const known = values.filter((value) => value != null)
  return unit === '' ? known.reduce((sum, value) => sum + value, 0) : known.at(-1)
}

function readOut(id, plot, unit) {
  const legend = document.getElementById(id)?.closest('figure')?.querySelectorAll('.legend b')
  const index = plot.cursor.idx
  legend?.forEach((place, i) => {
    const values = plot.data[i + 1]
    const value = index == null ? summaryOf(values, unit) : values[index]
    place.textContent = unit === '' && value != null ? number.format(value) : withUnit(value, unit)
  })
}

function drawAll() {
  if (!globalThis.uPlot) return
  for (const element of document.querySelectorAll('[data-chart]')) draw(element)
  for (const [id, { plot }] of charts) {
    if (document.getElementById(id)) continue
    plot.destroy()
    charts.delete(id)
  }
}

function redrawAll() {
  for (const { plot } of charts.values()) plot.destroy()
  charts.clear()
  drawAll()
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll)
let width = innerWidth
addEventListener('resize', () => {
  if (innerWidth === width) return
  width = innerWidth
  for (const { plot, element } of charts.values()) plot.setSize({ width: Math.max(200, element.clientWidth), height: HEIGHT })
})

const shown = new Map()
for (const panel of document.querySelectorAll('[data-panel]')) shown.set(panel.dataset.panel, panel.outerHTML)

function update(text) {
  const next = new DOMParser().parseFromString(text, 'text/html')
  const fresh = new Map([...next.querySelectorAll('[data-panel]')].map((panel) => [panel.dataset.panel, panel]))
  const old = [...document.querySelectorAll('[data-panel]')]
  if (old.length !== fresh.size || old.some(({ dataset }) => !fresh.has(dataset.panel))) {
    location.reload()
    return
  }
  for (const panel of old) replace(panel, fresh.get(panel.dataset.panel))
  drawAll()
  for (const [id, { plot }] of charts) readOut(id, plot, plot.unit)
}

function replace(panel, fresh) {
  const markup = fresh.outerHTML
  if (shown.get(fresh.dataset.panel) === markup) return
  shown.set(fresh.dataset.panel, markup)
  for (const details of panel.querySelectorAll('details[open]')) {
    fresh.querySelector('#' + CSS.escape(details.id))?.setAttribute('open', '')
  }
  const scrolled = [...panel.querySelectorAll('.scroll')].map(({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop])
  const focused = panel.contains(document.activeElement) ? document.activeElement : undefined
  const place = focused ? [...panel.querySelectorAll(focused.localName)].indexOf(focused) : -1
  panel.replaceWith(fresh)
  fresh.querySelectorAll('.scroll').forEach((one, i) => one.scrollTo(...(scrolled[i] ?? [0, 0])))
  if (focused) (document.getElementById(focused.id) ?? fresh.querySelectorAll(focused.localName)[place])?.focus({ preventScroll: true })
}

const offline = document.getElementById('offline')
function complain(text) {
  if (offline.textContent === text) return
  offline.textContent = text
  offline.hidden = text === ''
}

const pause = document.getElementById('pause')
let isPaused = false
let isOver = false

async function refresh() {
  if (document.hidden || isPaused || isOver) return
  const signal = AbortSignal.timeout(10000)
  const response = await fetch(main.dataset.live, { signal, headers: { 'x-nearcache-live': '1' } }).catch(() => undefined)
  if (response?.status === 401) {
    isOver = true
    complain('You are logged out. Reload the page to log in.')
  } else if (!response?.ok) {
    complain('The dashboard cannot be reached. The figures are out of date; the page keeps trying.')
  } else {
    const text = await response.text().catch(() => undefined)
    if (text === undefined || isPaused) return
    complain('')
    update(text)
  }
}

drawAll()
if (main?.dataset.live) {
  const wait = Number(main.dataset.refresh)
  const again = () => setTimeout(() => refresh().finally(again), wait)
  again()
  document.addEventListener('visibilitychange', () => void refresh())
  pause.hidden = false
  pause.addEventListener('click', () => {
    isPaused = !isPaused
    pause.textContent = isPaused ? 'Resume' : 'Pause'
    void refresh()
  })
}
document.body.dataset.ready = ''
}
`

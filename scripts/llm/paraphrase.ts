/**
 * Prints how well the built-in embedder and the veto distinguish paraphrases from texts that only look similar.
 *
 * Usage: `node scripts/llm/paraphrase.ts FILE.jsonl`, each line `{"a": text, "b": text, "y": 0 or 1}`. Two
 * runs print the same. Precision and recall of serving the answer to `a` for `b`, at thresholds of the
 * cosine. Even and odd rows are counted separately, because the word lists were written from the even rows.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { lexicalEmbedder } from '../../src/llm/semantic/lexical-embedder.ts'
import { cosine, quantize } from '../../src/llm/semantic/quantize.ts'
import { read } from '../../src/llm/semantic/reading.ts'
import { findVeto, type Strictness } from '../../src/llm/semantic/veto.ts'

interface Row {
  readonly a: string
  readonly b: string
  readonly y: 0 | 1
}

interface Scored {
  readonly isSame: boolean
  readonly similarity: number
  readonly vetoes: Readonly<Record<Strictness, boolean>>
}

const THRESHOLDS = [0, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.98, 0.985, 0.99, 0.993, 0.995, 0.997]
const GATES: readonly (readonly [string, (row: Scored) => boolean])[] = [
  ['no veto', () => true],
  ['veto on meaning', ({ vetoes }) => !vetoes.meaning],
  ['veto on wording (the default)', ({ vetoes }) => !vetoes.wording],
]

const [, , file] = process.argv
if (file === undefined) {
  console.error('node scripts/llm/paraphrase.ts FILE.jsonl')
  process.exit(2)
}
const scored = await score(readRows(file))
const halves = [
  ['all', scored],
  ['even rows', scored.filter((_, i) => i % 2 === 0)],
  ['odd rows', scored.filter((_, i) => i % 2 === 1)],
] as const

for (const [name, passes] of GATES) {
  console.log(`\n${name}`)
  console.log('threshold', ...halves.map(([half]) => `${half}: precision  recall`.padStart(28)))
  for (const threshold of THRESHOLDS) {
    const cells = halves.map(([, rows]) => pointOf(rows, passes, threshold).padStart(28))
    console.log(String(threshold).padEnd(9), ...cells)
  }
}
console.log(`\nof ${scored.length} pairs, ${scored.filter(({ isSame }) => isSame).length} the same`)
for (const recall of [0.039, 0.048]) {
  console.log(`best precision at a recall of ${recall} and more:`, bestAt(scored, recall))
}

function readRows(path: string): Row[] {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line) as Row)
}

async function score(rows: readonly Row[]): Promise<Scored[]> {
  const embedder = lexicalEmbedder()
  const all: Scored[] = []
  for (const { a, b, y } of rows) {
    const [first, second] = (await embedder.embed([a, b])).map(codeOf)
    const [one, other] = [read(a), read(b)]
    all.push({
      isSame: y === 1,
      similarity: first && second ? cosine(first, second) : 0,
      vetoes: {
        meaning: findVeto(one, other) !== undefined,
        wording: findVeto(one, other, 'wording') !== undefined,
      },
    })
  }
  return all
}

/** `undefined` for a text without words. */
function codeOf(vector: Parameters<typeof quantize>[0]): Int8Array | undefined {
  return [...vector].some((value) => value !== 0) ? quantize(vector, vector.length) : undefined
}

function hitsOf(
  rows: readonly Scored[],
  passes: (row: Scored) => boolean,
  threshold: number,
): Scored[] {
  return rows.filter((row) => row.similarity >= threshold && passes(row))
}

function pointOf(
  rows: readonly Scored[],
  passes: (row: Scored) => boolean,
  threshold: number,
): string {
  const hits = hitsOf(rows, passes, threshold)
  const right = hits.filter(({ isSame }) => isSame).length
  const same = rows.filter(({ isSame }) => isSame).length
  return `${(right / hits.length).toFixed(3)}  ${(right / same).toFixed(4)}`
}

function bestAt(rows: readonly Scored[], recall: number): string {
  const same = rows.filter(({ isSame }) => isSame).length
  const points = THRESHOLDS.map((threshold) => {
    const hits = hitsOf(rows, ({ vetoes }) => !vetoes.wording, threshold)
    const right = hits.filter(({ isSame }) => isSame).length
    return { threshold, precision: right / hits.length, recall: right / same }
  })
  const [best] = points
    .filter((point) => point.recall >= recall)
    .toSorted((a, b) => b.precision - a.precision)
  return best === undefined
    ? 'none'
    : `${best.precision.toFixed(3)} at ${best.recall.toFixed(4)}, from ${best.threshold}`
}

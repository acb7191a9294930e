/**
 * Type-checks every `ts` block of the documents as a separate module against the sources, and runs those that
 * are marked to be run.
 *
 * Usage: `node scripts/check-docs.ts [file.md …]`; without files README.md, CONTRIBUTING.md and all
 * of docs. A block that begins with three backticks and `ts no-check` is left out; one that begins with
 * `ts run` is run too, and must end by itself within 30 seconds.
 *
 * @module
 */

import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

interface Block {
  readonly file: string
  /** Line of the first line of code, from 1. */
  readonly line: number
  readonly code: string
  readonly isRun: boolean
}

const ROOT = join(import.meta.dirname, '..')
/** Inside the repository, so that the name `nearcache` resolves to this package. */
const WORK = join(ROOT, '.nearcache')
const RUN_TIMEOUT_MS = 30_000
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')

/** Examples may leave variables unused and write `process.env.NAME`, which the sources may not. */
const COMPILER_OPTIONS = {
  types: ['node'],
  declaration: false,
  isolatedDeclarations: false,
  noUnusedLocals: false,
  noUnusedParameters: false,
  noPropertyAccessFromIndexSignature: false,
}

const [, , ...given] = process.argv
const files =
  given.length > 0
    ? given
    : globSync(['README.md', 'CONTRIBUTING.md', 'docs/**/*.md'], { cwd: ROOT })
const blocks = files.flatMap((file) => blocksIn(file, readFileSync(resolve(ROOT, file), 'utf8')))
const problems = check(blocks)
for (const problem of problems) console.error(problem)
const run = blocks.filter(({ isRun }) => isRun).length
console.log(
  `${blocks.length} examples in ${files.length} documents, ${run} of them run, ${problems.length} problems`,
)
process.exitCode = problems.length > 0 ? 1 : 0

/** The blocks to check. A fence ends with as many backticks, or with the text (CommonMark, 4.5). */
function blocksIn(file: string, text: string): Block[] {
  const found: Block[] = []
  const fences = /^ {0,3}(`{3,})([^`\n]*)\n([\s\S]*?)(?:^ {0,3}\1`*[ \t]*$|(?![\s\S]))/gm
  for (const match of text.matchAll(fences)) {
    const [, , info = '', code = ''] = match
    const [language, ...words] = info.trim().split(/\s+/)
    if (language !== 'ts' || words.includes('no-check')) continue
    const line = text.slice(0, match.index).split('\n').length + 1
    found.push({ file, line, code, isRun: words.includes('run') })
  }
  return found
}

function check(all: readonly Block[]): string[] {
  if (all.length === 0) return []
  mkdirSync(WORK, { recursive: true })
  const folder = mkdtempSync(join(WORK, 'docs-'))
  try {
    all.forEach((block, number) => {
      writeFileSync(join(folder, `${number}.ts`), moduleOf(block))
    })
    const config = { extends: '../../tsconfig.json', compilerOptions: COMPILER_OPTIONS }
    const project = { ...config, include: ['*.ts'], exclude: [] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(project))
    const { status, stdout } = spawnSync(
      process.execPath,
      [TSC, '-p', folder, '--pretty', 'false'],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    )
    const lines = stdout.trim().split('\n').filter(Boolean)
    if (status !== 0 && lines.length === 0) throw new Error('tsc failed without a word')
    return [...lines.map((line) => inDocument(line, all)), ...failures(folder, all)]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs the examples marked `run`, each in its own folder, and returns their failures. */
function failures(folder: string, all: readonly Block[]): string[] {
  return all.flatMap(({ file, line, isRun }, number) => {
    if (!isRun) return []
    const cwd = join(folder, `run-${number}`)
    mkdirSync(cwd)
    const flags = ['--conditions=nearcache:source', '--disable-warning=ExperimentalWarning']
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      [...flags, join(folder, `${number}.ts`)],
      { cwd, encoding: 'utf8', timeout: RUN_TIMEOUT_MS, env: { PATH: process.env['PATH'] } },
    )
    if (status === 0) return []
    return [`${file}:${line}: does not run: ${signal ?? status}\n${stderr.trim()}`]
  })
}

/** The code at the same line as in its document, so that compiler errors name the right line. */
function moduleOf({ line, code }: Block): string {
  return `${'\n'.repeat(line - 1)}${code}\nexport {}\n`
}

function inDocument(message: string, all: readonly Block[]): string {
  return message.replace(
    /^(\d+)\.ts\((\d+),(\d+)\)/,
    (_whole, number: string, line: string, column: string) =>
      `${all[Number(number)]?.file}:${line}:${column}`,
  )
}

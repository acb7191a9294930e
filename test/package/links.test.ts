import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/*/*.md'], { cwd: ROOT }).map((file) =>
  file.replaceAll('\\', '/'),
)

/** The text without code blocks, in which brackets are not links. */
function proseOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8').replace(/^(`{3,})[\s\S]*?^\1/gm, '')
}

/** The anchors that GitHub generates from the headings of a document. */
function anchorsOf(file: string): ReadonlySet<string> {
  const headings = proseOf(file).matchAll(/^#+ +(.*)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** The links of a document, to others and within itself, whose target does not exist. */
function deadLinksIn(file: string): string[] {
  const links = [...proseOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => {
    if (/^(?:https?|mailto):/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? file : join(dirname(file), path)
    if (!existsSync(join(ROOT, target))) return true
    return anchor !== undefined && !anchorsOf(target).has(anchor)
  })
}

test.each(documents)('%s has short headings: none runs into the paragraph below it', (file) => {
  const headings = [...proseOf(file).matchAll(/^#+ .*$/gm)].map(([heading]) => heading)

  expect(headings.filter((heading) => heading.length > 80)).toEqual([])
})

describe('the links of the documents', () => {
  test.each(documents)('in %s have targets that exist', (file) => {
    expect(deadLinksIn(file)).toEqual([])
  })

  test('reach every guide and decision from the README', () => {
    const reached = new Set<string>()
    const follow = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      for (const [, link = ''] of proseOf(file).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
        const target = join(dirname(file), link)
        if (link.endsWith('.md') && existsSync(join(ROOT, target))) follow(target)
        if (!link.includes(':') && existsSync(join(ROOT, target)) && !link.includes('.'))
          for (const inside of documents.filter((other) => dirname(other) === target))
            follow(inside)
      }
    }
    follow('README.md')

    const guides = documents.filter((file) => file.startsWith('docs/'))
    expect(guides.filter((file) => !reached.has(file))).toEqual([])
  })
})

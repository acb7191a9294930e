/**
 * The examples of the README, and the code that is needed to run them.
 *
 * @module
 */

/** An example. */
export interface Example {
  readonly title: string
  readonly code: string
  /** The expected output. */
  readonly expected: RegExp
}

/** Code before an example that supplies what it declares, and code after it that uses what it defines. */
interface Setting {
  readonly title: string
  /** A text by which the example is recognized. */
  readonly mark: string
  readonly before: string
  readonly after: string
  readonly expected: RegExp
}

const SETTINGS: readonly Setting[] = [
  {
    title: 'twenty lines',
    mark: 'export async function rename',
    before: `
      import { bridge } from 'nearcache/bridge'
      import { embeddedTransport } from 'nearcache/redis/embedded'
      import { createServer } from 'node:http'
      const names = new Map([['1', 'Anna']])
      let loads = 0
      const db = {
        async user(id: string) { loads++; return { name: names.get(id) ?? '' } },
        async rename(id: string, name: string) { names.set(id, name) },
      }
      const token = 'a-token-of-the-example'
      const app = bridge({ redis: embeddedTransport(), token })
      const server = createServer(async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        const answer = await app.fetch(new Request('http://localhost' + request.url, {
          method: request.method ?? 'GET',
          headers: request.headers as Record<string, string>,
          ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
        }))
        response.writeHead(answer.status, Object.fromEntries(answer.headers))
        response.end(Buffer.from(await answer.arrayBuffer()))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
      const url = 'http://127.0.0.1:' + (server.address() as { port: number }).port`,
    after: `
      const seen = [await user('1'), await user('1')]
      await rename('1', 'Berta')
      seen.push(await user('1'))
      console.log(seen.map(({ name }) => name).join(' '), loads)
      process.exit(0)`,
    expected: /^Anna Anna Berta 2\n$/,
  },
  {
    title: 'start-up',
    mark: "from 'nearcache/startup'",
    before: '',
    after: '',
    expected: /Hit rate: 0 Memory usage: \d+[\s\S]*status: 'ok'/,
  },
  {
    title: 'mail',
    mark: 'DatabaseSync',
    before: '',
    after: 'console.log(emails.emails.length); process.exit(0)',
    expected: /^0\n$/,
  },
  {
    title: 'language models',
    mark: "from 'nearcache/llm'",
    before: `
      let asked = 0
      const fetch = async () => { asked++; return Response.json({ response: 'Rayleigh' }) }`,
    after: `
      await llmCache.getOrGenerate(request, () => { throw new Error('asked twice') })
      console.log(response, asked)
      process.exit(0)`,
    expected: /^Rayleigh 1\n$/,
  },
]

/**
 * The `ts` blocks of a README.
 *
 * @throws {Error} When an example has no setting, or a setting has no example.
 */
export function examplesOf(readme: string): readonly Example[] {
  const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code)
  const found = blocks.map((code) => {
    const setting = SETTINGS.find(({ mark }) => code.includes(mark))
    if (setting) return { title: setting.title, code, expected: setting.expected }
    throw new Error(`an example of the README has no setting to be run in:\n${code}`)
  })
  const titles = new Set(found.map(({ title }) => title))
  const missing = SETTINGS.find(({ title }) => !titles.has(title))
  if (missing) throw new Error(`the README has no example "${missing.title}" any more`)
  return found
}

/** The example as a program, with its declarations replaced by the setting. */
export function runnable({ title, code }: Example): string {
  const setting = SETTINGS.find((one) => one.title === title)
  // A declaration is a single line, or ends at the first line that closes it.
  const supplied = code.replace(/^declare (?:[^{\n]*\n|[^\n]*\{\n[\s\S]*?^\}\n)/gm, '')
  return [setting?.before, supplied, setting?.after].join('\n')
}

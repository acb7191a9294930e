/** An option as its interface declares it. */
export interface Option {
  /** The name of the interface. */
  readonly owner: string
  readonly name: string
  readonly isOptional: boolean
  /** The docstring above the option; empty if there is none. */
  readonly docstring: string
}

/** Reads the properties of the exported interfaces of a source file. */
export function optionsIn(source: string): readonly Option[] {
  const interfaces = source.matchAll(/^export interface (\w+)\b[\s\S]*?\{\n([\s\S]*?)^\}/gm)
  return [...interfaces].flatMap(([, owner = '', body = '']) => {
    const members = body.matchAll(
      /(?:^ {2}(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\n(?: {2}\/\/ biome-ignore .*\n)?)?^ {2}readonly (\w+)(\??):/gm,
    )
    return [...members].map(([, docstring = '', name = '', mark]) => ({
      owner,
      name,
      isOptional: mark === '?',
      docstring,
    }))
  })
}

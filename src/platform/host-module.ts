/**
 * Modules of the host, where it has them: an import would keep others from loading what imports it.
 *
 * @module
 */

/** What is behind a name such as `node:zlib` in Node, Bun and Workers with Node's modules. */
export function hostModule(name: `node:${string}` | 'cloudflare:workers'): unknown {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(name: string): unknown }
  }
  return process?.getBuiltinModule?.(name)
}

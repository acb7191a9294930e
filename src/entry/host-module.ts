/**
 * Modules of Node, where the host has them.
 *
 * @module
 */

/** What is behind a name such as `node:zlib` in Node, Bun and Workers with Node's modules. */
export function hostModule(name: `node:${string}`): unknown {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(name: string): unknown }
  }
  return process?.getBuiltinModule?.(name)
}

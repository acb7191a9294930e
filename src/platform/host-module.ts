/**
 * Looks up the host, and its modules, at run time. A static import would fail on hosts without the module.
 *
 * @module
 */

/** The module, such as `node:zlib`, in Node, Bun and Workers with Node's modules; `undefined` elsewhere. */
export function hostModule(name: `node:${string}` | 'cloudflare:workers'): unknown {
  const { process } = globalThis as {
    readonly process?: { getBuiltinModule?(name: string): unknown }
  }
  try {
    return process?.getBuiltinModule?.(name)
  } catch {
    // Next.js, when it runs code for Edge itself, throws for every function of `process`.
    return undefined
  }
}

/** Whether the host is Cloudflare Workers, or workerd. */
export function isWorkers(): boolean {
  const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } }
  return navigator?.userAgent === 'Cloudflare-Workers'
}

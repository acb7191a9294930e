/**
 * Creates the manifest of the package for JSR, a registry of TypeScript sources.
 *
 * @module
 */

/** The fields of `package.json` that are used. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

const SOURCE = 'nearcache:source'

/** The manifest of JSR: each subpath with its source file. */
export function jsrManifest({ name, version, license, exports }: Manifest): object {
  const sources = Object.entries(exports).flatMap(([subpath, conditions]) => {
    const source = typeof conditions === 'string' ? undefined : conditions[SOURCE]
    return source === undefined ? [] : [[subpath, source] as const]
  })
  return {
    name: `@${name}/${name}`,
    version,
    license,
    exports: Object.fromEntries(sources),
    publish: {
      include: ['src', 'package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'],
      // Written by `npm run prepare`, and not in the repository.
      exclude: ['!src/dashboard/chart-library.ts'],
    },
  }
}

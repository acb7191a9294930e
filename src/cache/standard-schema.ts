/**
 * The part of Standard Schema v1 (standardschema.dev) that validating a value needs, written
 * structurally: any library that implements it can check what comes back from Redis.
 *
 * @module
 */

/** A validator, as zod, valibot, arktype and others expose it. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** Either a value, perhaps transformed, or the issues found. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] }

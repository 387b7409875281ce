import { isCodedError } from '@qemu-user-static/errors';

/** The version of every JSON document that a command prints. It rises when a field changes its meaning or goes away. */
const SCHEMA_VERSION = 1;

/** A result or an error as `--json` prints it. docs/json.md describes the documents. */
export function printJson(value: object): string {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...value }, null, 2)}\n`;
}

/** An error as programs read it. */
export interface JsonError {
  /** A code of docs/errors.md; INTERNAL for a bug of ours. */
  readonly code: string;
  readonly message: string;
  /** Messages of the causes, outermost first. */
  readonly causes: readonly string[];
  readonly remedy: string | null;
}

export function errorAsJson(error: unknown): JsonError {
  const causes: string[] = [];
  for (
    let cause = error instanceof Error ? error.cause : undefined;
    cause instanceof Error;
    cause = cause.cause
  )
    causes.push(cause.message);
  const message = error instanceof Error ? error.message : String(error);
  return isCodedError(error)
    ? { code: error.code, message, causes, remedy: error.remedy }
    : { code: 'INTERNAL', message, causes, remedy: null };
}

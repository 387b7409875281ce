import { CodedError } from './coded-error.ts';

/**
 * An error as lines for a terminal: code and message, the chain of causes, and the remedy last, where the
 * eye ends. An error without a code is a bug of ours, so it keeps its stack.
 */
export function describe(error: unknown): string {
  if (!(error instanceof CodedError)) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const causes = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    causes.push(`  because: ${cause.message}`);
  }
  return [`${error.code}: ${error.message}`, ...causes, `  remedy: ${error.remedy}`].join('\n');
}

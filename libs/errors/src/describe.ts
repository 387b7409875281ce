import { printable, printableLines } from './printable.ts';

/** The fields of every error meant for a person: `CodedError`'s, and those of libraries that import nothing. */
interface Coded {
  readonly code: string;
  readonly remedy: string;
}

/** Whether an error was meant for a person; one that was not is a bug of ours. */
export function isCodedError(error: unknown): error is Error & Coded {
  const { code, remedy } = error instanceof Error ? (error as Partial<Coded>) : {};
  return typeof code === 'string' && typeof remedy === 'string';
}

/**
 * An error as lines for a terminal: code and message, the chain of causes, and the remedy last, where the
 * eye ends. An error that was not meant for a person keeps its stack. Messages quote what came from outside, so nothing
 * in them reaches the terminal raw.
 */
export function describe(error: unknown): string {
  if (!isCodedError(error)) return printableLines(textOf(error));
  return [
    `${printable(error.code)}: ${printableLines(error.message)}`,
    ...causesOf(error).map((cause) => `  because: ${printableLines(cause)}`),
    `  remedy: ${printableLines(error.remedy)}`,
  ].join('\n');
}

/** The messages of an error's causes, outermost first, without those that a message before them already contains. */
export function causesOf(error: Error): string[] {
  const causes: string[] = [];
  for (let { cause } = error; cause instanceof Error; { cause } = cause) {
    const { message } = cause;
    if (![error.message, ...causes].some((before) => before.includes(message))) causes.push(message);
  }
  return causes;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** How an altered place fared against its tests. Names as in Stryker's reports: mutation-testing-report-schema, MutantStatus. */
export type Status = 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage';

/** One altered place, of TypeScript or of shell. */
export interface Mutant {
  /** From the root of the repository. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The line as it is in the file, without its indentation. */
  readonly code: string;
  /** The replacement: of the altered place in TypeScript, of the whole line in shell. White space is single. */
  readonly becomes: string;
  readonly operator: string;
  readonly status: Status;
}

/** Whether tests let the alteration pass. */
export const isLeft = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';

/** Code without line breaks and indentation. */
export const inOneLine = (code: string): string => code.replace(/\s+/g, ' ').trim();

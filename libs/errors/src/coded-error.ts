/**
 * One error a user can meet: what it means in general, and what to do about it.
 * `docs/errors.md` is generated from these, so both are whole sentences.
 */
export interface ErrorEntry {
  readonly meaning: string;
  readonly remedy: string;
}

/** The errors one part of the program can end in, by code. A code is `UPPER_SNAKE` and never reused. */
export type ErrorCatalogue<Code extends string = string> = Readonly<Record<Code, ErrorEntry>>;

/**
 * The base of every error meant for a person. A subclass stands beside the code that throws it and binds
 * its own catalogue; `message` names the thing that failed, `remedy` comes from the catalogue.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly remedy: string;

  constructor(catalogue: ErrorCatalogue<Code>, code: Code, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.remedy = catalogue[code].remedy;
  }
}

/** What a command found: as a person reads it, and as JSON. */
export interface Result {
  /** Empty where there is nothing to say. */
  readonly text: string;
  readonly value: unknown;
  /** Why the command has failed all the same; it is told after the result. */
  readonly failure?: Error;
}

/** What a command found: as a person reads it, and as JSON. */
export interface Result {
  readonly text: string;
  readonly value: unknown;
}

import { megabytes } from './format.ts';

/** How much of several transfers is done. Progress is reported often, so sums are kept and not made each time. */
export class Totals {
  readonly #expected = new Map<string, number>();
  readonly #reached = new Map<string, number>();
  #expectedBytes = 0;
  #reachedBytes = 0;

  expect(name: string, bytes: number): void {
    this.#expectedBytes += bytes - (this.#expected.get(name) ?? 0);
    this.#expected.set(name, bytes);
  }

  reach(name: string, bytes: number): void {
    this.#reachedBytes += bytes - (this.#reached.get(name) ?? 0);
    this.#reached.set(name, bytes);
  }

  toString(): string {
    return `${megabytes(this.#reachedBytes)} of ${megabytes(this.#expectedBytes)}`;
  }
}

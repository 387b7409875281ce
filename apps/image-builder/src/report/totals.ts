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

/** How many of the expected are done, and of how many bytes: `3 of 8 layers, 1.0 MB of 4.0 MB`. */
export class Count {
  readonly #unit: string;
  #expected = 0;
  #done = 0;
  #expectedBytes = 0;
  #doneBytes = 0;

  constructor(unit: string) {
    this.#unit = unit;
  }

  expect(count: number, bytes = 0): void {
    this.#expected += count;
    this.#expectedBytes += bytes;
  }

  /** Never more than expected: a platform may have layers for two sets of emulators. */
  done(bytes = 0): void {
    this.#done = Math.min(this.#done + 1, this.#expected || Infinity);
    this.#doneBytes += bytes;
  }

  toString(): string {
    const bytes =
      this.#expectedBytes === 0 ? '' : `, ${megabytes(this.#doneBytes)} of ${megabytes(this.#expectedBytes)}`;
    const total = this.#expected === 0 ? '' : ` of ${this.#expected}`;
    return `${this.#done}${total} ${this.#unit}${bytes}`;
  }
}

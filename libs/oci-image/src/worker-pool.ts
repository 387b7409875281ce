import { availableParallelism } from 'node:os';
import { Tinypool } from 'tinypool';

/** Bytes of a blob up to which a task is done without a worker: to begin one takes longer. */
export const SMALL = 1 << 16;

/** Workers, one a core, begun with the first task. */
export class WorkerPool {
  readonly #file: string;
  #workers: Tinypool | null = null;

  /** @param file the module with the workers' function, beside this one */
  constructor(file: string) {
    this.#file = new URL(file, import.meta.url).href;
  }

  /** @param name of the function in the module, unless it is the one that the module exports by default */
  run<T>(task: unknown, name = 'default'): Promise<T> {
    this.#workers ??= new Tinypool({ filename: this.#file, maxThreads: availableParallelism() });
    return this.#workers.run(task, { name });
  }

  async close(): Promise<void> {
    await this.#workers?.destroy();
  }
}

import type { Option } from 'commander';
import type { Environment } from './environment.ts';
import type { Result } from './result.ts';

/**
 * A command of the command line: what can be said, and what is done. `run` loads its code when it is called: a release
 * that changes nothing should not wait for the signatures of `update` and the registries of `publish`.
 */
export interface Declaration {
  readonly name: string;
  readonly description: string;
  readonly options: readonly Option[];
  run(options: never, environment: Environment): Promise<Result>;
}

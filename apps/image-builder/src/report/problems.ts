import { BuilderError } from './errors.ts';

/** How many problems a message lists before it only counts them. */
const LISTED = 20;

/** Problems as the lines of a message. */
export function listed(problems: readonly string[]): string {
  const more = problems.length > LISTED ? [`and ${problems.length - LISTED} more`] : [];
  return [...problems.slice(0, LISTED), ...more].map((problem) => `\n  - ${problem}`).join('');
}

export function layoutsDiffer(problems: readonly string[]): BuilderError {
  return new BuilderError('LAYOUTS_DIFFER', `the layouts are not what the lock gives:${listed(problems)}`);
}

import { BuilderError } from '../report/errors.ts';
import { listed } from '../report/problems.ts';

/** @throws BuilderError CHECK_FAILED */
export function assertNone(problems: readonly string[]): void {
  if (problems.length > 0) throw failed(problems);
}

export function failed(problems: readonly string[], cause?: unknown): BuilderError {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new BuilderError('CHECK_FAILED', `${count} in the layout:${listed(problems)}`, cause);
}

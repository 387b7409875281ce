import { type CodedError, isCodedError } from '@qemu-user-static/errors';
import { BuilderError } from '../report/errors.ts';
import { listed } from '../report/problems.ts';
import { type Destination, nameOf } from './destination.ts';

/** Whether a push to a repository would be taken; `refusal` is the reason where it would not. */
export interface PushRight {
  readonly registry: string;
  readonly repository: string;
  readonly refusal: CodedError<string> | null;
}

/** Tries every repository. Nothing is stored there. */
export function pushRights(destinations: readonly Destination[]): Promise<PushRight[]> {
  return Promise.all(
    destinations.map(async ({ registry, repository, client }) => {
      const refusal = await client.tryPush().then(
        () => null,
        (error: unknown) => {
          if (isCodedError(error)) return error;
          throw error;
        },
      );
      return { registry, repository, refusal };
    }),
  );
}

/** The failure of a run that could not push; undefined if it could. */
export function pushRefused(rights: readonly PushRight[]): BuilderError | undefined {
  const refused = rights.flatMap((right) =>
    right.refusal === null ? [] : [`${nameOf(right)}: ${right.refusal.code}: ${right.refusal.message}`],
  );
  if (refused.length === 0) return undefined;
  return new BuilderError('PUSH_REFUSED', `no push would be taken:${listed(refused)}`);
}

import { printable } from '@qemu-user-static/errors';
import { BuilderError } from '../report/errors.ts';
import { table } from '../report/format.ts';
import { listed } from '../report/problems.ts';
import type { Inspection, TagFinding, VerifyRequests } from './verify.ts';

/** The number of requests, before they are sent. */
export function formatRequests(name: string, { heads, manifests, blobs }: VerifyRequests): string {
  const requests = [
    `${heads} HEAD`,
    ...(manifests > 0 ? [`${manifests} GET of manifests, which Docker Hub counts as pulls`] : []),
    ...(blobs > 0 ? [`${blobs} GET of blobs`] : []),
  ];
  return `${name}: needs ${requests.join(', ')}`;
}

/**
 * The findings as a person reads them. A tag or digest is the registry's text, so it is escaped.
 * @param others tags that the lock does not give
 */
export function formatFindings(
  name: string,
  findings: readonly TagFinding[],
  others: readonly string[],
  { isDeep }: Pick<Inspection, 'isDeep'>,
): string {
  const wrong = findings.filter(({ same }) => !same);
  const rows = wrong.map(({ tag, digest, problems }) => [tag, digest, printable(problems[0] ?? '')]);
  return [
    ...(rows.length > 0 ? [table([['TAG', 'EXPECTED', 'PROBLEM'], ...rows])] : []),
    `${name}: ${findings.length - wrong.length} of ${findings.length} tags are what the lock gives${isDeep ? '' : ', by the digests that the registry reports'}`,
    ...(others.length > 0
      ? [`${name} also has tags that the lock does not give:${listed(others.map(printable))}`]
      : []),
  ].join('\n');
}

/** The failure that findings amount to; undefined if every tag is right. */
export function remoteDiffers(name: string, findings: readonly TagFinding[]): BuilderError | undefined {
  const problems = findings
    .filter(({ same }) => !same)
    .map((one) => `${one.tag} ${one.problems.map(printable).join(', ')}`);
  return problems.length === 0
    ? undefined
    : new BuilderError('REMOTE_DIFFERS', `${name}:${listed(problems)}`);
}

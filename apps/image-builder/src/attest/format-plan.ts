import { nameOf } from '../publish/destination.ts';
import { table } from '../report/format.ts';
import type { AttestPlan } from './attest.ts';

/** The plan as a person reads it: per repository what is missing, then who signs. */
export function formatAttestPlan({ signer, targets }: AttestPlan): string {
  const rows = targets.map((target) => {
    const { subjects } = target;
    const sum = (count: (one: (typeof subjects)[number]) => number) =>
      String(subjects.reduce((total, one) => total + count(one), 0));
    return [
      nameOf(target),
      String(subjects.length),
      sum(({ attach }) => attach.length),
      sum(({ sign }) => sign.length),
      sum(({ there }) => there),
    ];
  });
  const who =
    signer === null
      ? 'unsigned: no --key was given, and this is not a GitHub workflow with id-token: write'
      : `signed by ${signer}`;
  return `${table([['REPOSITORY', 'IMAGES', 'ATTACH', 'SIGN', 'EXISTING'], ...rows])}\n${who}`;
}

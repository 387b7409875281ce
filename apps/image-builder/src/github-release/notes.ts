import { type HostPlatform, host } from '@qemu-user-static/arch-table';
import { type Lock, notesOf, packageChanges, versionChange } from '@qemu-user-static/lock';
import { failureItem, type Gate, isStopped } from '../images/gate.ts';
import { megabytes } from '../report/format.ts';
import type { Asset } from './assets.ts';
import { platformsIn, type ReleasePlan } from './plan.ts';

/** The release before, and the lock it was made from. */
export interface PreviousRelease {
  readonly tag: string;
  readonly lock: Lock;
}

/**
 * The text of a release. The same inputs give the same text.
 * @param plain the host whose files have no host in their names
 */
export function releaseNotes(
  plan: ReleasePlan,
  lock: Lock,
  assets: readonly Asset[],
  plain: HostPlatform,
  previous: PreviousRelease | null,
  gate: Gate,
): string {
  const { version, binaries, images, tag } = plan;
  const hosts = platformsIn(lock, plan).map(([platform, { emulators }]) => {
    const guests = binaries.filter((one) => one.platform === platform).length;
    return `| ${platform} | ${host(platform).uname} | ${emulators.package} ${emulators.version} | ${guests} |`;
  });
  const plainNames = binaries.some(({ platform }) => platform === plain)
    ? `; those without a host in their names are for ${host(plain).uname}`
    : '';
  const image = images.find((one) => `v${one.tag}` === tag);
  return `${[
    `QEMU ${version}, the emulators of Debian’s packages, unchanged. [What is new in QEMU](${notesOf(version)}).`,
    '',
    '| host platform | `uname -m` | Debian’s package | guests |',
    '|---|---|---|---|',
    ...hosts,
    '',
    ...conformance(plan, gate),
    ...changes(plan, lock, previous),
    '### Files',
    '',
    `\`HOST_qemu-GUEST-static.tar.gz\` has the emulator of a guest for a host, by \`uname -m\`${plainNames}. ${assets.length} files, ${megabytes(assets.reduce((sum, { size }) => sum + size, 0))}.`,
    '',
    '```sh',
    'sha256sum --check --ignore-missing SHA256SUMS',
    '```',
    '',
    `The image \`${image?.tag}\` is \`${image?.digest}\`; \`images.json\` has the digests of all images of this version, \`sources.lock.json\` the Debian packages, their sources and the hashes of both, \`conformance.json\` which guest programs each QEMU version runs.`,
  ].join('\n')}\n`;
}

function changes(plan: ReleasePlan, lock: Lock, previous: PreviousRelease | null): string[] {
  if (previous === null) return [];
  const platforms = new Set(platformsIn(lock, plan).map(([platform]) => platform));
  const lines = packageChanges(previous.lock, lock)
    .filter(({ channel, platform }) => channel === plan.channel && platforms.has(platform))
    .map(({ platform, part, before, now }) => {
      const name = now?.package ?? before?.package ?? part;
      const change =
        before && now
          ? versionChange(before, now)
          : `${before?.version ?? 'new'} → ${now?.version ?? 'gone'}`;
      return `- ${platform} ${name}: ${change}`;
    });
  const none = ['- no package: the register program or the recipe of the images'];
  return [`### Changes since ${previous.tag}`, '', ...(lines.length > 0 ? lines : none), ''];
}

/** Failures that are listed before they are only counted: GitHub takes 125,000 characters. */
const LISTED = 50;

/** Why tags that move did not come to this version. */
function conformance({ channel, version }: ReleasePlan, gate: Gate): string[] {
  if (!isStopped(gate, channel)) return [];
  const failures = gate.failures.filter((one) => one.channel === channel && one.version === version);
  if (failures.length === 0) return [];
  const more = failures.length > LISTED ? [`- and ${failures.length - LISTED} more`] : [];
  return [
    '### Conformance',
    '',
    `The tag \`${channel}\` stays on the version before this one: these cases passed before and fail now.`,
    '',
    ...failures.slice(0, LISTED).map(failureItem),
    ...more,
    '',
  ];
}

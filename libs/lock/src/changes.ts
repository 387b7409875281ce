import type { HostPlatform } from '@qemu-user-static/arch-table';
import type { Lock, LockedPackage } from './lock.ts';
import { platformsOf, sourceKey } from './locked.ts';
import { sourcesOf } from './sources-text.ts';

/** A package that is another than before, or is new, or is gone. */
export interface PackageChange {
  readonly channel: string;
  readonly platform: HostPlatform;
  readonly part: 'emulators' | 'shell';
  readonly before: LockedPackage | null;
  readonly now: LockedPackage | null;
}

/** In place of the lock before, where there was none. */
const NO_LOCK: Pick<Lock, 'channels' | 'common' | 'sources' | 'rebuilds'> = {
  channels: {},
  common: [],
  sources: {},
  rebuilds: {},
};
type Contents = typeof NO_LOCK;

/** The packages that differ between two locks; what is gone comes last. */
export function packageChanges(before: Lock | null, now: Lock): PackageChange[] {
  const then = packagesOf(before ?? NO_LOCK);
  const today = packagesOf(now);
  const changed = [...today].flatMap(([key, { of, locked }]) => {
    const old = then.get(key)?.locked ?? null;
    // Debian never gives a version other contents: where it happens, somebody has to look.
    const isSame = old?.package === locked.package && old.sha256 === locked.sha256;
    return isSame && old.version === locked.version ? [] : [{ ...of, before: old, now: locked }];
  });
  const gone = [...then].filter(([key]) => !today.has(key));
  return [...changed, ...gone.map(([, { of, locked }]) => ({ ...of, before: locked, now: null }))];
}

/** What differs between two locks, a sentence each: packages first, then those that are gone, sources, and rebuilds. */
export function describeChanges(before: Lock | null, now: Lock): string[] {
  const then = before ?? NO_LOCK;
  const sentences = packageChanges(before, now).map((change) => {
    const name = (one: LockedPackage) => `${change.channel} ${change.platform} ${one.package}`;
    const [old, next] = [change.before, change.now];
    if (old !== null && next !== null && old.package === next.package)
      return { changed: [`${name(next)}: ${versionChange(old, next)}`], gone: [] };
    return {
      changed: next === null ? [] : [`${name(next)}: new, ${next.version}`],
      gone: old === null ? [] : [`${name(old)}: gone`],
    };
  });
  return [
    ...sentences.flatMap(({ changed }) => changed),
    ...sentences.flatMap(({ gone }) => gone),
    ...guestSourceChanges(then, now),
    ...commonChange(then, now),
    ...sourcesFoundOut(then, now),
    ...rebuilt(before, now).map(({ version, number }) => `images of QEMU ${version}: build ${number}`),
  ];
}

/** `1:11.1.2+ds-1 → 1:11.1.3+ds-1`, of a package in two locks. */
export function versionChange(before: LockedPackage, now: LockedPackage): string {
  return before.version === now.version
    ? `${now.version}, other contents under the same version`
    : `${before.version} → ${now.version}`;
}

/** The platforms whose further guests come from other channels than before. */
function guestSourceChanges(before: Contents, now: Lock): string[] {
  return Object.entries(now.channels).flatMap(([channel, { guestsFrom }]) => {
    const then = before.channels[channel]?.guestsFrom ?? {};
    const platforms = new Set([...Object.keys(guestsFrom), ...Object.keys(then)]) as Set<HostPlatform>;
    return [...platforms].flatMap((platform) => {
      const [old = 'nowhere', next = 'nowhere'] = [then, guestsFrom].map((one) => one[platform]?.join(', '));
      if (old === next) return [];
      return [`${channel} ${platform}: guests that its package lacks come from ${next}, before from ${old}`];
    });
  });
}

/** The guests of the images `common`, where they are others than before. */
function commonChange(before: Contents, now: Lock): string[] {
  const [old, next] = [before, now].map(({ common }) => common.join(', ') || 'none');
  return old === next ? [] : [`guests of the images common: ${next}, before ${old}`];
}

/** New facts about sources that packages of the lock before were made from, and was not then. */
function sourcesFoundOut(before: Contents, now: Lock): string[] {
  const old = Array.from(packagesOf(before).values(), ({ locked }) => sourcesOf(locked).map(sourceKey));
  return [...new Set(old.flat())].flatMap((key) => {
    const [then, today] = [before.sources[key], now.sources[key]];
    if (today === undefined) return [];
    if (then === undefined) return [`source ${key}: its files are known now`];
    // Nothing else of a version can change.
    return then.licenses === null && today.licenses !== null
      ? [`source ${key}: its licences are known now`]
      : [];
  });
}

/** The versions of QEMU whose images are built from other inputs than before; numbered from 1 again, they may keep their number. */
export function rebuilt(before: Lock | null, now: Lock): { version: string; number: number }[] {
  const { rebuilds } = before ?? NO_LOCK;
  return Object.entries(now.rebuilds)
    .filter(([version, { number, inputs }]) => {
      const then = rebuilds[version];
      return then?.number !== number || then.inputs !== inputs;
    })
    .map(([version, { number }]) => ({ version, number }));
}

type OnePackage = Pick<PackageChange, 'channel' | 'platform' | 'part'>;

function packagesOf({ channels }: Contents): Map<string, { of: OnePackage; locked: LockedPackage }> {
  const packages = Object.entries(channels).flatMap(([channel, lockedChannel]) =>
    platformsOf(lockedChannel).flatMap(([platform, locked]) =>
      (['emulators', 'shell'] as const).map((part) => ({
        of: { channel, platform, part },
        locked: locked[part],
      })),
    ),
  );
  return new Map(packages.map((one) => [JSON.stringify(one.of), one]));
}

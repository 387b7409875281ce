import { type Lock, platformsOf } from './lock.ts';

/** What differs between two locks, a sentence each: packages first, then platforms and channels come and gone. */
export function describeChanges(before: Lock | null, now: Lock): string[] {
  const then = packagesOf(before);
  const today = packagesOf(now);
  const changed = [...today].flatMap(([key, version]) => {
    const old = then.get(key);
    if (old === undefined) return [`${key}: new, ${version}`];
    return old === version ? [] : [`${key}: ${old} → ${version}`];
  });
  const gone = [...then.keys()].filter((key) => !today.has(key)).map((key) => `${key}: gone`);
  const rebuilt = Object.entries(now.rebuilds)
    .filter(([version, { number }]) => (before?.rebuilds[version]?.number ?? 0) !== number)
    .map(([version, { number }]) => `images of QEMU ${version}: build ${number}`);
  return [...changed, ...gone, ...rebuilt];
}

function packagesOf(lock: Lock | null): Map<string, string> {
  const packages = Object.entries(lock?.channels ?? {}).flatMap(([channel, locked]) =>
    platformsOf(locked).flatMap(([platform, { emulators, shell }]) =>
      [emulators, shell].map((one): [string, string] => [
        `${channel} ${platform} ${one.package}`,
        one.version,
      ]),
    ),
  );
  return new Map(packages);
}

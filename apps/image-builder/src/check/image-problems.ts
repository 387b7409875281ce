import type { Digest, FoundImage, ReadEntry, ReadLayer } from '@qemu-user-static/oci-image';
import { GUESTS_LABEL } from '../images/labels.ts';

/** What every image has. */
const ALWAYS = [
  ...['register', 'qemu-binfmt-conf.sh', 'tmp', 'etc/passwd', 'etc/group'],
  ...['bin/busybox', 'bin/sh', 'bin/cp', 'usr/bin/env'],
];

/** What is wrong with a layer, looked at alone. */
export function layerProblems(digest: Digest, { entries }: ReadLayer): string[] {
  const twice = entries.filter(
    ({ path }, index) => entries.findIndex((other) => other.path === path) !== index,
  );
  const unsafe = entries.filter(
    ({ path }) => path === '' || path.startsWith('/') || path.split('/').includes('..'),
  );
  const foreign = entries.filter(({ uid, gid }) => uid !== 0 || gid !== 0);
  return [
    ...twice.map(({ path }) => `layer ${digest}: ${path} is there twice`),
    ...unsafe.map(({ path }) => `layer ${digest}: the path "${path}" leaves the root`),
    ...foreign.map(({ path }) => `layer ${digest}: ${path} is not root’s`),
  ];
}

/** What is wrong with an image, given its layers as they were read back. */
export function imageProblems(image: FoundImage, layers: readonly ReadLayer[]): string[] {
  const { config, annotations, manifest } = image;
  const problems: string[] = [];
  const diffIds = layers.map(({ diffId }) => diffId);
  if (diffIds.join() !== config.rootfs.diff_ids.join()) {
    problems.push(
      `its layers decompress to ${diffIds.join(', ')}, its config says ${config.rootfs.diff_ids.join(', ')}`,
    );
  }
  if (JSON.stringify(annotations) !== JSON.stringify(config.config.Labels))
    problems.push('its annotations are not its labels');
  problems.push(
    ...contentProblems(
      config.config.Labels?.[GUESTS_LABEL] ?? '',
      layers.flatMap(({ entries }) => entries),
    ),
  );
  return problems.map((problem) => `image ${manifest.digest}: ${problem}`);
}

function contentProblems(guestsLabel: string, entries: readonly ReadEntry[]): string[] {
  const files = entries.filter(({ type }) => type !== 'directory').map(({ path }) => path);
  const paths = new Set(entries.map(({ path }) => path));
  const promised = guestsLabel.split(' ').filter((guest) => guest !== '');
  const emulators = files.flatMap((path) => /^usr\/bin\/qemu-(.+)-static$/.exec(path)?.[1] ?? []);
  const notExecutable = entries.filter(
    ({ path, mode }) => (path === 'register' || path.startsWith('usr/bin/')) && (mode & 0o111) !== 0o111,
  );
  return [
    ...files.filter((path, index) => files.indexOf(path) !== index).map((path) => `${path} is in two layers`),
    ...ALWAYS.filter((path) => !paths.has(path)).map((path) => `${path} is missing`),
    ...files
      .flatMap((path) => /^(usr\/share\/doc\/[^/]+)\/copyright$/.exec(path)?.[1] ?? [])
      .filter((folder) => !paths.has(`${folder}/SOURCES`))
      .map((folder) => `${folder} does not name the sources`),
    ...promised
      .filter((guest) => !emulators.includes(guest))
      .map((guest) => `the emulator of ${guest} is missing`),
    ...emulators
      .filter((guest) => !promised.includes(guest))
      .map((guest) => `the emulator of ${guest} is not in its label`),
    ...notExecutable.map(({ path }) => `${path} is not executable`),
  ];
}

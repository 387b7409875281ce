import { emulatorOf as emulatorFor, type GuestName } from '@qemu-user-static/arch-table';
import { PROJECT } from '../project-names.ts';
import { commandFor } from './gate.ts';
import { failuresOf, type Place, type Results } from './results.ts';
import { LINKINGS, TARGETS } from './targets.ts';
import { sourcesOf } from './toolchain.ts';

/**
 * The text of a bug report for QEMU's makers on each failure of a case: versions, the commands, what was expected, what
 * came.
 * @param saved results in which other versions are looked up
 */
export function bugReport(results: Results, name: string, saved: Pick<Results, 'columns'>): string {
  const places = failuresOf(results).filter((one) => one.case === name);
  const [first] = places;
  if (first === undefined) return `${name} does not fail in this run: there is nothing to report`;
  const others = saved.columns.filter(
    (one) =>
      !results.columns.some(({ version, emulator }) => version === one.version && emulator === undefined),
  );
  return [
    `Title: qemu-${first.guest}: ${results.cases[name]}: ${first.outcome}`,
    '',
    '## Host',
    '',
    `- ${results.machine}; ${first.platform}`,
    `- QEMU: ${[...new Set(places.map(emulatorOf(results)))].join('; ')}`,
    '',
    '## Guest',
    '',
    `- ${[...new Set(places.map(({ guest }) => guest))].join(', ')}: linux-user, registered in binfmt_misc`,
    `- program: ${results.programs}; https://github.com/${PROJECT.image}, tools/src/conformance/programs, case \`${name}\` (${results.cases[name]})`,
    '',
    '## Expected',
    '',
    'The check ends with status 0, as the same program does natively.',
    '',
    '## Got',
    '',
    ...places.map(line),
    '',
    'It passes under:',
    '',
    ...passing([...results.columns, ...others], name, places).map((one) => `- ${one}`),
    '',
    '## Steps to reproduce',
    '',
    'On Debian 13, as root:',
    '',
    '```sh',
    `git clone https://github.com/${PROJECT.image} && cd qemu-user-static`,
    ...byHand(first),
    '```',
    '',
    'The same with this project’s programs, which fetch compiler and emulators: `npm ci`, then',
    '',
    '```sh',
    ...places.map(commandFor),
    '```',
  ].join('\n');
}

const emulatorOf =
  ({ columns }: Results) =>
  ({ channel, platform, version, emulator }: Place) => {
    const column = columns.find((one) => one.channel === channel && one.platform === platform);
    return emulator === undefined
      ? `${version}, Debian’s package ${column?.debian}`
      : `${version}, the program ${emulator}`;
  };

const line = ({ version, target, kind, outcome, detail }: Place) =>
  `- QEMU ${version}, ${target} (${kind}): ${outcome}: ${detail}`;

/** Without this project's programs, where the case is one of the C checks. */
function byHand({ target: name, kind, guest, emulator, case: check }: Place): string[] {
  const target = TARGETS.find((one) => one.name === name);
  const linking = LINKINGS.find((one) => one === kind);
  if (target === undefined || linking === undefined) return [];
  const { folder, flags, libraries } = sourcesOf(target, linking);
  const words = [...flags, '-o', 'checks', `tools/src/conformance/${folder}/*.c`, ...libraries];
  const prefix = linking === 'dynamic' ? `-L /usr/${target.triplet} ` : '';
  return [
    `apt-get install ${target.packages.join(' ')}`,
    `${target.command} ${words.join(' ')}`,
    `${emulator ?? `qemu-${emulatorFor(guest as GuestName)}`} ${prefix}./checks ${check === 'start' ? '@status 0' : check}; echo "status $?"`,
  ];
}

function passing(columns: Results['columns'], name: string, failed: readonly Place[]): string[] {
  const found = columns.flatMap(({ version, channel, rows }) => {
    const well = rows.filter(
      ({ target, kind, others }) =>
        others[name] === undefined &&
        others.start === undefined &&
        failed.some((place) => place.target === target && place.kind === kind),
    );
    return well.length === 0
      ? []
      : [`QEMU ${version} (${channel}): ${well.map(({ target, kind }) => `${target} ${kind}`).join(', ')}`];
  });
  return found.length > 0 ? found : ['none of the versions that were tried'];
}

import { PROJECT } from '../project-names.ts';
import type { Accepted } from './accepted.ts';
import { checks, elsewhere, freestanding, probes, slow } from './page-checks.ts';
import { choice, debians } from './page-debians.ts';
import { failing } from './page-failures.ts';
import { find, nameOf, table } from './page-tables.ts';
import { type ColumnResults, isUsual, type Results } from './results.ts';

/** docs/conformance.md, of the results and the accepted failures. */
export function asPage(results: Results, accepted: Accepted): string {
  const usual = results.columns.filter(isUsual);
  return [
    head(usual),
    versions(usual),
    debians({ ...results, columns: usual }),
    checks(usual),
    failing(results, accepted),
    slow(results),
    elsewhere(results, accepted),
    freestanding(usual),
    probes(usual),
    measured(results),
  ].join('\n');
}

function head(columns: readonly ColumnResults[]): string {
  return `# Conformance: what each QEMU version runs

Output of \`npm run conformance -- --save\`; a test compares this page with docs/conformance.json. Every guest program below
ran under the emulators of each channel. \`npm run conformance -- --list\` prints the cases.

## I have a crash: which version do I take?

1. Find your guest. Its cells have what failed of the [programs in small Debians](#programs-in-small-debians): \`ldconfig-…\` is what
   a \`segfault in libc-bin\` is about, a hundred runs for each Debian; others are apt, compilers and languages.

${choice(columns)}
2. Take the tag of a column in which your program passes, and register again. ${example(columns)}

\`\`\`sh
docker run --rm --privileged ${PROJECT.image}:${soundest(columns)} --reset -p yes
\`\`\`

3. A version that is not here, such as 9.2, is in no channel. A program that fails in the columns on both sides of it probably fails in it too.
   Yours: \`docker run --rm --privileged ${PROJECT.image} --status\`, or \`qemu-aarch64 --version\`.
4. Another program: look for what it does in [what fails, and why](#what-fails-and-why), which has ways around it where there are any.
`;
}

/** What most of these crashes are about: libc-bin of arm64. */
const libcFailures = (column: ColumnResults) => Object.keys(find(column, 'arm64', 'libc-bin')?.others ?? {});

/** The tag whose column has the fewest failures of it; the newest of these. */
function soundest(columns: readonly ColumnResults[]): string {
  const [best] = columns.toSorted((a, b) => libcFailures(a).length - libcFailures(b).length);
  return best?.channel ?? 'latest';
}

function example(columns: readonly ColumnResults[]): string {
  const named = (own: readonly ColumnResults[]) => own.map(nameOf).join(', ');
  const bad = columns.filter((column) => libcFailures(column).length > 0);
  const well = columns.filter((column) => !bad.includes(column));
  if (bad.length === 0 || well.length === 0) return '';
  const failed = [...new Set(bad.flatMap(libcFailures))].map((name) => `\`${name}\``).join(', ');
  return `For a \`segfault in
   libc-bin\` on arm64: under ${named(well)} no run failed; under ${named(bad)} ${failed} fails at times.`;
}

function versions(columns: readonly ColumnResults[]): string {
  const rows = columns.map(({ channel, version, debian }) => [
    version,
    `\`${channel}\``,
    `\`${version}\``,
    debian,
  ]);
  return `## Versions\n\n${table(['QEMU', 'channel', 'tag of the version', 'Debian package'], rows)}\n`;
}

function measured({ date, machine, programs, columns }: Results): string {
  const seconds = columns.flatMap(({ rows }) => rows).reduce((sum, row) => sum + row.seconds, 0);
  return `## How it was measured

${date}, ${machine}. Checks: ${programs}. Each case is a process of its own with a time limit, started as users start guest programs: by
an entry of binfmt_misc, with flag F, in a user namespace; small Debians are a folder of it, without a container engine. All cases
together took ${Math.round(seconds / 60)} minutes, one after the other; compilers and Debians were made before.

A case that fails runs three times; if it then passes it runs twenty times and is counted. \`unstable\` is one that fails in a tenth of
its runs or less: it stops no release. A hang is one that did not end within its limit.
\`npm run conformance -- --guest arm64 --case threads\` runs one; \`--report CASE\` prints a bug report for QEMU's makers;
conformance.json has the accepted failures; a new one stops \`latest\` from moving (docs/release.md).
`;
}

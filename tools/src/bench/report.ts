import { BASE_SUITES, INCLUDED } from './bases.ts';
import * as peers from './peers.ts';
import type { Ran, Results } from './results.ts';
import type { Claim } from './section.ts';

/** Three significant digits: no more are the same in the next run. */
export function figure(value: number | null): string {
  if (value === null || Number.isNaN(value)) return '–';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

const verdict = ({ what, atLeast, found }: Claim) =>
  `${found >= atLeast ? 'reached' : 'NOT REACHED'}: ${what}: ${figure(found)} times, asked for ${atLeast}`;

const remarks = ({ claims, next = [] }: Ran) => [
  ...claims.map(verdict),
  ...next.map((gain) => `to be gained next: ${gain}`),
];

/** A part as a table for the terminal. */
export function asText(part: Ran): string {
  const cells = [
    ['', ...part.columns],
    ...part.rows.map(({ name, values }) => [name, ...values.map(figure)]),
  ];
  const widths =
    cells[0]?.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return [`${part.title}. ${part.what}`, ...lines, ...remarks(part)].join('\n');
}

/** docs/benchmarks.md, of the results in docs/benchmarks.json. */
export function asPage({ sections }: Results): string {
  const parts = Object.values(sections);
  return `# Benchmarks

Output of \`npm run bench -- --save\`; a test compares this page with it. Run it as root after
\`node tools/src/e2e/set-up.ts\`; \`--quick\` measures each once, \`--only NAME\` one part. Each part alternates between this
project and others in one run, so the ratios are valid on a busy machine, where the times are not. A figure is the median.

![Ratios of this project to what others run](benchmarks.svg)

${parts.map(asMarkdown).join('\n\n')}

## Commands of the others

The classic recipe is how multiarch/qemu-user-static and similar images are built: \`docker build\` installs Debian's packages
on a small Debian, and QEMU's own script registers them.

All have the same inputs: the packages of sources.lock.json, already downloaded, and a root folder of Debian
(\`mmdebstrap --variant=extract ${INCLUDED.map((one) => `--include='${one}'`).join(' ')}\`, without manual pages, locales and documents; the first of ${BASE_SUITES.join(', ')} that is complete on the mirror
for that platform). The engine and the registry have that folder before the measurement starts. No foreign program runs.
CPU time is that of the clients and their daemons. Memory is the largest sum of the resident memory of both, so it includes an idle engine
(about 150 MB). No figure includes the registry's own CPU time, but it uses the same cores for all.

The image (\`Dockerfile\`), whose \`register\` comes before QEMU's own qemu-binfmt-conf.sh:

\`\`\`Dockerfile
${peers.DOCKERFILE}\`\`\`

\`\`\`sh
${peers.REGISTER}\`\`\`

docker build, push, manifest:

\`\`\`sh
${peers.DOCKER}
\`\`\`

One-guest images:

\`\`\`sh
${peers.DOCKER_ONE_GUEST}
\`\`\`

buildah:

\`\`\`sh
${peers.BUILDAH}
\`\`\`

BuildKit, in an engine with containerd's image store, and then \`skopeo copy --all oci-archive:seed.tar
docker://REGISTRY/buildkit:latest\`:

\`\`\`Dockerfile
${peers.MULTI_DOCKERFILE}\`\`\`

\`\`\`sh
${peers.BUILDKIT}
\`\`\`

This project: \`image-builder build\` and \`image-builder publish --push\`, with all tags.

Pulling: \`docker pull IMAGE; docker run --rm --privileged IMAGE --reset -p yes\` by an engine from which the image was
removed. The link of 100 Mbit/s is \`tools/src/bench/slow-link.ts\`.
`;
}

function asMarkdown(part: Ran): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `## ${part.title}`,
    '',
    part.what,
    '',
    line(['', ...part.columns]),
    line(['---', ...part.columns.map(() => '--:')]),
    ...part.rows.map(({ name, ours, values }) => line([ours ? `**${name}**` : name, ...values.map(figure)])),
    '',
    ...remarks(part).map((remark) => `- ${remark}`),
    ...(remarks(part).length > 0 ? [''] : []),
    `${part.date}, medians of ${part.repeat}, load ${part.load.toFixed(1)} before. ${part.machine}. ${part.versions}.`,
  ].join('\n');
}

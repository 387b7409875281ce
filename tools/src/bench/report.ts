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

What \`npm run bench -- --save\` printed; a test holds that this page says nothing else. Run it as root after
\`node tools/src/e2e/set-up.ts\`; \`--quick\` takes one run of each, \`--only NAME\` one part. Every part measures ours and
others' in turn in one run, so that the ratios hold on a busy machine, where the times do not. A figure is the median.

![Ratios of this project to what others run](benchmarks.svg)

${parts.map(asMarkdown).join('\n\n')}

## What the others run

"The seeds' recipe" is how images like these were made before this project: Debian's packages on a small Debian, by
\`docker build\`, with QEMU's own script to register them.

Their inputs are the same: the packages of sources.lock.json, already downloaded, and a root folder of Debian
(\`mmdebstrap --variant=extract ${INCLUDED.map((one) => `--include='${one}'`).join(' ')}\`, without manual pages, locales and documents; of ${BASE_SUITES.join(', ')} the first that the mirror has
whole for that platform), which is
in the engine and in the registry before the clock starts. No foreign program is run. CPU is of the clients and of their
daemons; memory is the largest sum of the resident memory of both, so an engine at rest (about 150 MB) is in it. The
registry's own work is in no figure, but takes time on the same cores for all.

The image (\`Dockerfile\`), with \`register\` as the seeds' image has it before QEMU's own qemu-binfmt-conf.sh:

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

Ours: \`image-builder build\` and \`image-builder publish --push\`, which make and send every tag.

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

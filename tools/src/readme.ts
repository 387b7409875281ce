import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PROJECT } from './project-names.ts';
import { ROOT } from './repository.ts';

/** A block of code of README.md, or a command in a cell of one of its tables. */
export interface Snippet {
  /** `sh`, `yaml`, `Dockerfile`; `cell` in a table. */
  readonly language: string;
  readonly text: string;
}

/** All of them, in the order of the page. */
export function readmeSnippets(): Snippet[] {
  const page = readFileSync(resolve(ROOT, 'README.md'), 'utf8');
  const found = page.matchAll(/^```(\w+)\n(.*?)^```$|(?<=^\|[^\n]*)`((?:sudo |docker )[^`\n]+ [^`\n]+)`/gms);
  return Array.from(found, ([, language = 'cell', block, cell]) => ({
    language,
    text: (block ?? cell ?? '').trim(),
  }));
}

/** How a snippet is tested: the beginning of its text, and where. */
export const TESTED: readonly (readonly [beginning: string, where: string])[] = [
  ['docker run --rm', 'run'],
  ['services:\n  emulators:', 'run'],
  ['build:\n  image: docker:28', 'run'],
  [`FROM ${PROJECT.image}:x86_64-aarch64`, 'run'],
  [`- uses: ${PROJECT.github}@`, 'tools/src/action.test.ts'],
  ['- uses: docker/setup-qemu-action@', 'tools/src/e2e/examples.e2e.test.ts'],
  ['kubectl apply -f ', 'tools/src/examples.test.ts'],
  ['sudo curl -fsSL -o /etc/systemd/system/', 'tools/src/e2e/examples.e2e.test.ts'],
  ['sudo podman run', 'tools/src/e2e/podman.e2e.test.ts'],
  ['sudo apptainer run', 'tools/src/e2e/apptainer.e2e.test.ts'],
  [`docker pull ${PROJECT.image}:`, 'tools/src/e2e/pull.e2e.test.ts'],
  ['npm ci && npm run release', 'tools/src/workflows/release.test.ts'],
  ['npm ci && npm test', 'tools/src/e2e/new-machine.ts'],
  ['sudo modprobe binfmt_misc', 'not run'],
  // No such program, registry or cluster is on the machine that runs the tests.
  ['sudo nerdctl run', 'not run'],
  ['docker buildx create --driver kubernetes', 'not run'],
  ['docker buildx build --platform linux/amd64,linux/arm64', 'tools/src/e2e/examples.e2e.test.ts'],
  ['cosign verify', 'not run'],
];

/** Where a snippet is tested. @throws Error where nobody has said so */
export function testedBy({ text }: Snippet): string {
  const known = TESTED.find(([beginning]) => text.startsWith(beginning));
  if (known === undefined) throw new Error(`README.md has a snippet that no test knows:\n${text}`);
  return known[1];
}

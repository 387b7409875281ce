import { Option } from 'commander';
import type { Declaration } from '../commands/command.ts';
import { type ArchiveOptions, archive, folder, gitHub, json } from '../commands/options.ts';

export interface TrackOptions extends ArchiveOptions {
  readonly pullRequest?: true;
  readonly issue?: true;
  readonly github?: string;
  readonly acceptExpired?: true;
  readonly output: string;
}

export const track: Declaration = {
  name: 'track',
  description: 'tell what is new in Debian and upstream; on request as a pull request and an issue on GitHub',
  options: [
    new Option(
      '--pull-request',
      'propose the new lock: build and check its images, open or update one request',
    ),
    new Option('--issue', 'file what needs a person, in one issue'),
    gitHub('OWNER/REPO of both (default: GITHUB_REPOSITORY, or the repository in package.json)'),
    new Option('--accept-expired', 'take a Release whose Valid-Until has passed; the lock records it'),
    folder('--output <folder>', 'where --pull-request builds the images that would change', 'dist/track'),
    ...archive(),
    json(),
  ],
  async run(options: TrackOptions, environment) {
    const { trackCommand } = await import('../commands/track.ts');
    return trackCommand(options, environment);
  },
};

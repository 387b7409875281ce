import { Command } from 'commander';
import { attest } from '../cli/attest.ts';
import { build } from '../cli/build.ts';
import { check } from '../cli/check.ts';
import { context } from '../cli/context.ts';
import { exportImage } from '../cli/export.ts';
import { fetch } from '../cli/fetch.ts';
import { gitHubRelease } from '../cli/github-release.ts';
import { load } from '../cli/load.ts';
import { merge } from '../cli/merge.ts';
import { publish } from '../cli/publish.ts';
import { release } from '../cli/release.ts';
import { sbom } from '../cli/sbom.ts';
import { smoke } from '../cli/smoke.ts';
import { track } from '../cli/track.ts';
import { update } from '../cli/update.ts';
import { verifyRemote } from '../cli/verify-remote.ts';
import type { Declaration } from './command.ts';

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly Declaration[] = [
  release,
  update,
  track,
  fetch,
  build,
  check,
  context,
  exportImage,
  load,
  merge,
  sbom,
  publish,
  attest,
  verifyRemote,
  gitHubRelease,
  smoke,
];

/** The command line; `run` is given what was asked for. Wrong usage is a CommanderError. */
export function commandLine(run: (command: Declaration, options: never) => Promise<void>): Command {
  const program = new Command('image-builder')
    .description('Makes container images of QEMU’s user mode emulators from Debian’s signed archive.')
    .showHelpAfterError('(--help tells what there is)')
    .exitOverride()
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 failed, 2 wrong usage. Results go to stdout, messages to stderr.',
    );
  for (const declaration of COMMANDS) {
    const command = program
      .command(declaration.name)
      .description(declaration.description)
      .allowExcessArguments(false)
      .action((options) => run(declaration, options as never));
    for (const option of declaration.options) command.addOption(option);
  }
  return program;
}

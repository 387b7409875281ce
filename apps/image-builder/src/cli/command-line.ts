import { Command } from 'commander';
import { attest } from './attest.ts';
import { build } from './build.ts';
import { check } from './check.ts';
import { context } from './context.ts';
import type { Declaration } from './declaration.ts';
import { exportImage } from './export.ts';
import { fetch } from './fetch.ts';
import { gitHubRelease } from './github-release.ts';
import { load } from './load.ts';
import { merge } from './merge.ts';
import { publish } from './publish.ts';
import { release } from './release.ts';
import { sbom } from './sbom.ts';
import { smoke } from './smoke.ts';
import { track } from './track.ts';
import { update } from './update.ts';
import { verifyRemote } from './verify-remote.ts';

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

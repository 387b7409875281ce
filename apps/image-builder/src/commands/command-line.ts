import type { OptionValues } from '@commander-js/extra-typings';
import { Command as Program } from '@commander-js/extra-typings';
import type { Command } from './command.ts';

interface Entry {
  readonly description: string;
  /** Loads the command's module. Only the command that is asked for is loaded: the others are many modules. */
  load(): Promise<{ readonly command: Command }>;
}

/** Every command, in the order of `--help`. */
export const COMMANDS: Readonly<Record<string, Entry>> = {
  release: {
    description: 'fetch, build, check and smoke: everything from sources.lock.json to a proven OCI layout',
    load: () => import('./release.ts'),
  },
  update: {
    description: 'write sources.lock.json from sources.json and the signed archive',
    load: () => import('./update.ts'),
  },
  track: {
    description:
      'report what is new in Debian and upstream; on request as a pull request and an issue on GitHub',
    load: () => import('./track.ts'),
  },
  fetch: {
    description: 'download the locked packages into the cache',
    load: () => import('./fetch.ts'),
  },
  build: {
    description:
      'make the OCI layout from the lock; or, with --builder docker, one image in the container engine',
    load: () => import('./build.ts'),
  },
  check: {
    description: 'prove an OCI layout: digests, contents, one run of every emulator this machine can run',
    load: () => import('./check.ts'),
  },
  context: {
    description: 'write the rendered Dockerfile and its files into a folder for `docker build`',
    load: () => import('./context.ts'),
  },
  export: {
    description: 'write one image of the layout as an archive that engines and skopeo read',
    load: () => import('./export.ts'),
  },
  load: {
    description: 'load one image of the layout into the container engine of this machine',
    load: () => import('./load.ts'),
  },
  merge: {
    description: 'merge the layouts of several machines into the one that a single machine would have made',
    load: () => import('./merge.ts'),
  },
  sbom: {
    description: 'print the bill of materials of one image of the layout',
    load: () => import('./sbom.ts'),
  },
  publish: {
    description: 'compare the images with the registries and print the plan; --push uploads',
    load: () => import('./publish.ts'),
  },
  attest: {
    description:
      'compare bills of materials, provenance and signatures with the registries and print the plan; --push attaches',
    load: () => import('./attest.ts'),
  },
  'verify-remote': {
    description: 'prove that a registry serves what the lock gives; builds the layout to compare',
    load: () => import('./verify-remote.ts'),
  },
  'github-release': {
    description: 'release the images of layouts on GitHub: emulators as files, sums, the lock, all digests',
    load: () => import('./github-release.ts'),
  },
  smoke: {
    description: 'try an image of the layout on the container engine of this machine',
    load: () => import('./smoke.ts'),
  },
};

/** Runs a command that was asked for. */
export type Run = (command: Command, given: OptionValues) => Promise<void>;

/** The command line. Wrong usage is a CommanderError. */
export function commandLine(run: Run): Program {
  const program = new Program('image-builder')
    .description("Makes container images of QEMU's user mode emulators from Debian's signed archive.")
    .showHelpAfterError("Run 'image-builder COMMAND --help' for usage.")
    .exitOverride()
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 failed, 2 wrong usage. Results go to stdout, messages to stderr.',
    );
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    const sub = program.command(name).description(description).allowExcessArguments(false);
    const configure = async () => {
      const { command } = await load();
      for (const option of command.options) sub.addOption(option);
      sub.action((given) => run(command, given));
    };
    program.hook('preSubcommand', (_, asked) => (asked === sub ? configure() : undefined));
  }
  program
    .command('help [command]', { hidden: true })
    .description('print the usage of a command')
    .action(async (name) => {
      await program.parseAsync(name === undefined ? ['--help'] : [name, '--help'], { from: 'user' });
    });
  return program;
}

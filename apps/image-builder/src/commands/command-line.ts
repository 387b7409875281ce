import { Argument, type OptionValues, Command as Program } from '@commander-js/extra-typings';
import { nearest } from '@qemu-user-static/arch-table';
import { BuilderError } from '../report/errors.ts';
import type { Command } from './command.ts';
import { completionHelp, completionScript, SHELLS } from './completion.ts';
import type { EnvironmentOptions } from './environment.ts';
import { type CommonOptions, common } from './options.ts';

interface Entry {
  readonly description: string;
  /** Loads the command's module. Only the requested command is loaded, because the others are many modules. */
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
  tag: {
    description: 'print the git tag of the lock, which starts a release',
    load: () => import('./tag.ts'),
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
  'check-push': {
    description: 'try whether this login may push to the registries; nothing is stored there',
    load: () => import('./check-push.ts'),
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

/** The options that a command was given, of which the program itself reads some. */
export type Given = OptionValues & CommonOptions & EnvironmentOptions;

/** Runs the requested command. */
export type Run = (command: Command, given: Given) => Promise<void>;

/** The command line. Wrong usage is a CommanderError. */
export function commandLine(run: Run, version: string): Program {
  const program = new Program('image-builder')
    .description("Makes container images of QEMU's user mode emulators from Debian's signed archive.")
    .version(version)
    .exitOverride()
    .helpCommand(false)
    .showHelpAfterError("Run 'image-builder COMMAND --help' for usage.")
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 failed, 2 wrong usage. Results go to stdout, messages to stderr.',
    );
  const loaders = new Map(
    Object.entries(COMMANDS).map(([name, entry]) => [name, declare(program, name, entry, run)]),
  );
  program.hook('preSubcommand', (_, asked) => loaders.get(asked.name())?.());
  program
    .command('help [command]', { hidden: true })
    .description('print the usage of a command')
    .action(async (name) => {
      await program.parseAsync(name === undefined ? ['--help'] : [name, '--help'], { from: 'user' });
    });
  program
    .command('completion')
    .description('print a completion script for a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText('after', completionHelp())
    .action(async (shell) => {
      await Promise.all(Array.from(loaders.values(), (load) => load()));
      process.stdout.write(completionScript(shell, program.commands));
    });
  return program;
}

/** Adds a command by its name and description; what is returned loads the rest. */
function declare(
  program: Program,
  name: string,
  { description, load }: Entry,
  run: Run,
): () => Promise<void> {
  const sub = program.command(name).description(description).allowExcessArguments(false);
  return async () => {
    const { command } = await load();
    for (const option of [...command.options, ...common()]) sub.addOption(option);
    sub.addHelpText('after', formatExamples(command.examples));
    sub.configureOutput({ outputError: (text, write) => write(withSuggestion(text, sub.options)) });
    sub.action((given) => {
      refuseOptionsThatNpmTook(sub.options, process.env);
      return run(command, given);
    });
  };
}

function formatExamples(examples: Command['examples']): string {
  const lines = examples.map(([words, effect]) => `  $ image-builder ${words}\n      ${effect}`);
  return ['', examples.length === 1 ? 'Example:' : 'Examples:', ...lines].join('\n');
}

/** Commander suggests nothing for `--chanel=x`, where the value is part of the word. */
function withSuggestion(text: string, options: readonly { readonly long?: string | undefined }[]): string {
  const [, given] = /unknown option '(--[^=']+)=/.exec(text) ?? [];
  const meant =
    given === undefined
      ? null
      : nearest(
          given,
          options.flatMap(({ long }) => long ?? []),
        );
  return meant === null ? text : `${text.trimEnd()}\n(Did you mean ${meant}?)\n`;
}

/**
 * `npm run release --platform=…` gives the option to npm, which passes it on as a variable of the environment, and the
 * program would start without it. https://docs.npmjs.com/cli/v11/using-npm/config#environment-variables
 * @throws BuilderError USAGE
 */
export function refuseOptionsThatNpmTook(
  options: readonly { readonly long?: string | undefined }[],
  variables: NodeJS.ProcessEnv,
): void {
  for (const { long } of options) {
    const name = long?.replace(/^--/, '').replaceAll('-', '_') ?? '';
    const value = variables[`npm_config_${name}`];
    if (value === undefined || NPM_HAS_TOO.has(name)) continue;
    throw new BuilderError(
      'USAGE',
      `npm took ${long} for an option of its own; write: npm run ${variables.npm_lifecycle_event ?? 'release'} -- ${long}${value === 'true' ? '' : `=${value}`}`,
    );
  }
}

/** Options that npm itself has, so that a variable does not mean a slip. */
const NPM_HAS_TOO: ReadonlySet<string> = new Set([
  'cache',
  'ca',
  'json',
  'tag',
  'quiet',
  'verbose',
  'version',
]);

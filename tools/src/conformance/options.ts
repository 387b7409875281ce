import { availableParallelism } from 'node:os';
import { type HostPlatform, nearest } from '@qemu-user-static/arch-table';
import { refuseOptionsThatNpmTook } from '@qemu-user-static/image-builder/command-line';
import { Command, CommanderError, Option } from 'commander';
import { platformsInsteadOf, positive } from '../option-values.ts';
import { GROUPS } from './choose-cases.ts';
import { ConformanceError } from './errors.ts';
import { USUAL_PLATFORM } from './results.ts';
import { LINKINGS, type Linking } from './targets.ts';

/** The command line of `npm run conformance`. */
export interface Options {
  readonly guest?: string[];
  readonly case?: string[];
  readonly version?: string[];
  readonly suite?: string;
  readonly changedSince?: string;
  readonly platform: readonly HostPlatform[];
  readonly linking: Linking[];
  readonly emulator?: string;
  readonly jobs: number;
  readonly list?: true;
  readonly json?: true;
  readonly save?: true;
  readonly gate?: true;
  readonly accept?: string;
  readonly because?: string;
  readonly report?: string;
}

const EXAMPLES = [
  ['--list', 'print cases and guests, run nothing'],
  ['--guest arm64 --case threads', 'one case, under the emulators of every channel'],
  ['--guest arm64 --case threads --emulator ./qemu-aarch64', 'the same with an emulator that you built'],
  ['--version latest --guest arm64 --report threads', 'the text of a bug report, for a case that fails'],
  [
    '--gate --version latest --linking static freestanding --case checks',
    'what a release runs; status 1 if something is new',
  ],
  ['--case checks,libc-bin --save', 'the whole matrix, into docs/conformance.md'],
] as const;

const PLATFORMS: readonly HostPlatform[] = [USUAL_PLATFORM];

const several = (text: string, before: string[] | undefined) => [...(before ?? []), ...text.split(',')];

function command(): Command {
  return new Command('conformance')
    .description('Runs checks of every guest under the emulators of each channel; as root on Debian.')
    .usage('[options]   (npm run conformance -- [options])')
    .option(
      '--guest <name>',
      'only this guest, by any name (arm64, aarch64); common: the six most used; again for more',
      several,
    )
    .option(
      '--case <name>',
      'only this case, or checks, freestanding, libc-bin, workloads; again for more',
      several,
    )
    .option('--version <name>', 'only this channel, or this version of QEMU; again for more', several)
    .addOption(
      new Option(
        '--suite <name>',
        'emulators of a suite that sources.json names as early, where they are newer: experimental',
      ).conflicts(['version', 'emulator', 'save', 'accept', 'changedSince']),
    )
    .option('--changed-since <lock>', 'only channels with other emulators than this sources.lock.json')
    .addOption(
      new Option(
        '--platform <name...>',
        'host platform whose emulators run, of this machine or its 32-bit one',
      )
        .argParser(platformsInsteadOf(PLATFORMS))
        .default(PLATFORMS),
    )
    .addOption(
      new Option(
        '--linking <kind...>',
        'how programs have their C library; freestanding: of guests without one',
      )
        .choices(LINKINGS)
        .default([...LINKINGS]),
    )
    .option(
      '--emulator <file>',
      'a program to try instead of the emulator of --guest, such as one that you built',
    )
    .option('--jobs <number>', 'cases at one time', positive, availableParallelism())
    .option('--list', 'print the cases and the guests, and run nothing')
    .option('--json', 'print the results as JSON, with what the gate finds')
    .option('--save', 'write docs/conformance.json, .md and .svg; what was not run stays')
    .option(
      '--gate',
      'fail if a case fails that conformance.json does not have, of a program that docs/conformance.json has',
    )
    .option('--accept <case>', 'add its failures to conformance.json; needs --because')
    .option('--because <text>', 'the reason, such as "QEMU: it has no robust lists"')
    .option('--report <case>', 'print the text of a bug report for a case that fails')
    .allowExcessArguments(false)
    .exitOverride()
    .addHelpText('after', helpText());
}

function helpText(): string {
  const lines = EXAMPLES.map(([words, effect]) => `  $ npm run conformance -- ${words}\n      ${effect}`);
  const status = 'Exit status: 0 done, 1 failed, 2 wrong usage. Results go to stdout, progress to stderr.';
  return ['', 'Examples:', ...lines, '', status, 'A run that was cut off goes on where it was.'].join('\n');
}

/**
 * @param words without the names of Node and the program
 * @throws ConformanceError CHECKS_USAGE; CommanderError for `--help`, which has printed it
 */
export function readOptions(words: readonly string[], variables: NodeJS.ProcessEnv): Options {
  const program = command().configureOutput({ writeErr: () => undefined });
  try {
    refuseOptionsThatNpmTook(program.options, variables);
    const options = program.parse(words, { from: 'user' }).opts<Options>();
    assertTogether(options);
    return options;
  } catch (error) {
    if (error instanceof ConformanceError || (error instanceof CommanderError && error.exitCode === 0))
      throw error;
    const message = error instanceof Error ? error.message.replace(/^error: /, '').trim() : String(error);
    throw new ConformanceError('CHECKS_USAGE', `${message}${suggestion(message, program)}`);
  }
}

/** Commander suggests nothing for `--gues=x`, where the value is part of the word. */
function suggestion(message: string, { options }: Command): string {
  const [, given] = /unknown option '(--[^=']+)=/.exec(message) ?? [];
  const names = options.flatMap(({ long }) => long ?? []);
  const near = given === undefined ? null : nearest(given, names);
  return near === null ? '' : `; did you mean ${near}?`;
}

/** @throws ConformanceError CHECKS_USAGE */
function assertTogether({ accept, because, save, emulator, guest, case: cases }: Options): void {
  const wrong = (message: string) => new ConformanceError('CHECKS_USAGE', message);
  if (accept !== undefined && because === undefined)
    throw wrong('--accept needs a reason: --because "QEMU: what is known of it"');
  if (save && cases?.some((name) => !Object.hasOwn(GROUPS, name)))
    throw wrong(
      '--save writes whole rows of the matrix: leave --case out, or name checks, freestanding, libc-bin, workloads',
    );
  if (emulator !== undefined && (guest === undefined || save))
    throw wrong('--emulator stands for that of one guest, --guest NAME, and is not saved');
}

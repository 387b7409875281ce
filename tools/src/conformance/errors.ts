import { CodedError, type ErrorCatalogue, isCodedError } from '@qemu-user-static/errors';
import { ProcessOutput } from 'zx';

/** The errors of `npm run conformance`. */
export const CONFORMANCE_ERRORS = {
  CHECKS_USAGE: {
    meaning: 'The command line of `npm run conformance` is not understood.',
    remedy: 'Read the help: `npm run conformance -- --help`.',
  },
  CASE_UNKNOWN: {
    meaning: 'No check of guest programs has this name.',
    remedy: 'List them: `npm run conformance -- --list`.',
  },
  VERSION_UNKNOWN: {
    meaning: 'The lock has no such channel, and no such version of QEMU for the host platform.',
    remedy: 'Name a channel that the message lists: `npm run conformance -- --version latest`.',
  },
  GUEST_WITHOUT_COMPILER: {
    meaning: 'Debian has no compiler for the guest, so the only check is a probe of a few instructions.',
    remedy: 'Run the probe of all guests: `npm run conformance -- --case probe`.',
  },
  GUEST_WITHOUT_LIBRARY: {
    meaning:
      'Debian has no C library for the guest, so its program has only the cases whose names begin with bare-.',
    remedy: 'Run these: `npm run conformance -- --guest hexagon --case freestanding`.',
  },
  NOTHING_RAN: {
    meaning:
      'No program of these guests has these cases with this --linking, or the mirror lacks what they need, which was said before.',
    remedy: 'List the cases and the guests: `npm run conformance -- --list`; leave --linking out.',
  },
  REASON_INVALID: {
    meaning: 'An accepted failure needs a reason that begins with QEMU, C library, compiler or kernel.',
    remedy: 'Give one: `npm run conformance -- --accept CASE --because "QEMU: what is known of it"`.',
  },
  CHECKS_NEED_ROOT: {
    meaning:
      'The compilers are unpacked as small Debians, and set-user-ID programs are tried, which takes root.',
    remedy: 'Run the command as root: `sudo env "PATH=$PATH" npm run conformance -- …`.',
  },
  CHECKS_NEED_NAMESPACE: {
    meaning:
      'This kernel, or a container, does not allow a user namespace with a binfmt_misc of its own, where the emulators are registered.',
    remedy:
      'Use Linux 6.7 or newer, in a container only with `--privileged`: `sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0`.',
  },
  CHECKS_NEED_PROGRAM: {
    meaning: 'A program that unpacks the compilers or runs the checks is not installed.',
    remedy: 'On Debian: `apt-get install mmdebstrap util-linux mount bash`.',
  },
  CHECKS_NEED_SPACE: {
    meaning: 'The disk is full. A compiler takes some 250 MB, those of all guests 6 GB.',
    remedy:
      'Free space, `df -h ~/.cache`; or use another disk: `XDG_CACHE_HOME=/mnt/cache npm run conformance -- …`.',
  },
  TOOLCHAIN_FAILED: {
    meaning: 'A cross compiler cannot be installed from the Debian mirror, or does not compile the checks.',
    remedy:
      'Try the mirror, `apt-get update`, or name another one: `DEBIAN_MIRROR=https://MIRROR/debian npm run conformance -- …`.',
  },
} as const satisfies ErrorCatalogue;

export type ConformanceErrorCode = keyof typeof CONFORMANCE_ERRORS;

export class ConformanceError extends CodedError<ConformanceErrorCode> {
  constructor(code: ConformanceErrorCode, message: string, cause?: unknown) {
    super(CONFORMANCE_ERRORS, code, message, cause);
  }
}

/** Errors that are the caller's wrong usage: exit status 2. */
export const USAGE_ERRORS: ReadonlySet<string> = new Set([
  'CHECKS_USAGE',
  'CASE_UNKNOWN',
  'VERSION_UNKNOWN',
  'GUEST_WITHOUT_COMPILER',
  'GUEST_WITHOUT_LIBRARY',
  'REASON_INVALID',
  'ARCH_UNKNOWN',
]);

const FULL = /No space left on device|Disk quota exceeded|ENOSPC|EDQUOT/;

/** What a person can do something about, as an error that says so; anything else as it is. */
export function asCoded(error: unknown): unknown {
  // The archive's remedy is an option of another program.
  const isFull = isCodedError(error) ? error.code === 'DISK_FULL' : FULL.test(textOf(error));
  if (isFull) return new ConformanceError('CHECKS_NEED_SPACE', lastLines(textOf(error)), error);
  if (!(error instanceof ProcessOutput)) return error;
  return new ConformanceError('TOOLCHAIN_FAILED', lastLines(textOf(error)));
}

const textOf = (error: unknown) =>
  error instanceof ProcessOutput ? error.stderr : error instanceof Error ? error.message : String(error);

/** What a program printed of its failure: its lines about errors, or where there is none, the last ones. */
function lastLines(text: string): string {
  const lines = text.trim().split('\n');
  const said = lines.filter((line) => /^E: |error:|No space left/.test(line));
  return (said.length > 0 ? said : lines).slice(-3).join('; ');
}

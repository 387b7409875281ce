import { describe, expect, test } from 'vitest';
import { assertCasesOf, chooseCases } from './choose-cases.ts';
import { readOptions } from './options.ts';
import { targetsNamed } from './targets.ts';

test('names may be repeated, or have commas between them', () => {
  const options = readOptions(['--guest', 'arm64,s390x', '--guest', 'i386', '--jobs', '1'], {});
  expect(options).toMatchObject({ guest: ['arm64', 's390x', 'i386'], jobs: 1, platform: ['linux/amd64'] });
});

describe('wrong usage', () => {
  test.each([
    ['an option with a slip', ['--gues', 'arm64'], /unknown option '--gues'\n\(Did you mean --guest\?\)/],
    ['the same with its value', ['--gues=arm64'], /did you mean --guest\?/],
    ['no number', ['--jobs', 'many'], /a whole number above 0 is needed/],
    ['--accept without a reason', ['--accept', 'threads'], /needs a reason: --because/],
    ['an emulator for no guest', ['--emulator', 'qemu'], /--guest NAME/],
    ['one case of saved rows', ['--save', '--case', 'threads'], /whole rows/],
    ['two kinds of versions', ['--suite', 'experimental', '--version', 'latest'], /cannot be used with/],
  ])('%s', (_, words, message) => {
    expect(() => readOptions(words, {})).toThrow(
      expect.objectContaining({ code: 'CHECKS_USAGE', message: expect.stringMatching(message) }),
    );
  });

  test('an option that npm took for its own', () => {
    const variables = { npm_config_guest: 'arm64', npm_lifecycle_event: 'conformance' };
    expect(() => readOptions([], variables)).toThrow(
      expect.objectContaining({
        code: 'CHECKS_USAGE',
        message: expect.stringContaining('npm run conformance -- --guest=arm64'),
      }),
    );
  });

  test('an unknown case is answered with the nearest', () => {
    expect(() => chooseCases(['thread'])).toThrow(
      expect.objectContaining({ code: 'CASE_UNKNOWN', message: 'no case "thread"; did you mean "threads"?' }),
    );
  });

  test('so is an unknown guest; one without a compiler has only its probe', () => {
    expect(() => targetsNamed('amr64')).toThrow(
      expect.objectContaining({ code: 'ARCH_UNKNOWN', remedy: expect.stringContaining('arm64') }),
    );
    expect(() => targetsNamed('microblaze')).toThrow(
      expect.objectContaining({ code: 'GUEST_WITHOUT_COMPILER', remedy: expect.stringContaining('probe') }),
    );
  });

  test('so is a case that a guest without a C library does not have', () => {
    const guests = [...targetsNamed('hexagon'), ...targetsNamed('or1k')];
    expect(() => assertCasesOf(guests, chooseCases(['threads']))).toThrow(
      expect.objectContaining({
        code: 'GUEST_WITHOUT_LIBRARY',
        message: 'Debian has no C library for hexagon, or1k',
      }),
    );
    expect(() => assertCasesOf(guests, chooseCases(['bare-hash']))).not.toThrow();
    expect(() => assertCasesOf(targetsNamed('arm64'), chooseCases(['threads']))).not.toThrow();
  });
});

import { describe, expect, test } from 'vitest';
import { renderRegisterScript } from './render.ts';
import { standIns } from './testing/emulators.ts';
import { NO_NAMESPACES, openNamespace } from './testing/namespace.ts';
import { SHELLS } from './testing/shells.ts';

/** What a caller may set, and what every program takes from its environment. */
const INPUTS = [
  ...[
    'QEMU_BIN_DIR',
    'QEMU_BINARY_PATH',
    'QEMU_BINARY_PREFIX',
    'QEMU_PRESERVE_ARGV0',
    'HOST_ARCH',
    'PROC_PREFIX',
  ],
  ...['TMPDIR', 'PATH', 'PWD', 'LC_ALL'],
];

/** Every name that the script assigns to or reads. */
const names = [
  ...new Set(
    renderRegisterScript('https://example.org/o/r')
      .replaceAll(/^\s*#.*$/gm, '')
      .match(/(?<=\$\{?#?)[A-Za-z_]\w*|\b[A-Za-z_]\w*(?==)/g),
  ),
].filter((name) => !INPUTS.includes(name));

test('names are found', () => {
  expect(names.length).toBeGreaterThan(100);
});

describe.skipIf(NO_NAMESPACES !== undefined).each(SHELLS)('in $name (user namespace)', (shell) => {
  /** What two calls print, and the entries between them. */
  async function outcome(variables: Record<string, string>) {
    await using machine = await openNamespace();
    const env = { ...variables, QEMU_BIN_DIR: standIns(), HOST_ARCH: 'x86_64' };
    const installed = await machine.register(['--install', 'arm,arm64'], { shell, env });
    const entries = machine.entries();
    const refused = await machine.register(['--install', 'arm,arm64', '-c', 'no'], { shell, env });
    const report = await machine.register(['--doctor', '--json'], { shell, env });
    const uninstalled = await machine.register(['--uninstall', 'qemu-*'], { shell, env });
    return { installed, entries, refused, report, uninstalled, left: machine.entries() };
  }

  test.each(['yes', '/nowhere', '$(echo anything >&2) * -1'])(
    'no variable of the caller with a name of the script changes what it does: %j',
    async (value) => {
      const hostile = Object.fromEntries(names.map((name) => [name, value]));
      expect(await outcome(hostile)).toEqual(await outcome({}));
    },
  );
});

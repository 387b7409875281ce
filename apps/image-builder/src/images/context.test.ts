import { matchesGlob } from 'node:path';
import { lockOf } from '@qemu-user-static/lock/testing';
import { expect, test } from 'vitest';
import {
  CONTEXT_CONTENTS,
  type ContextFile,
  emulatorEntry,
  licenseContext,
  registerContext,
  sourcesFile,
} from './context.ts';

const busybox = Buffer.from('\x7fELF code\0[\0[[\0busybox\0cat\0sh\0\0/var/log/wtmp\0', 'latin1');
const license = { path: 'usr/share/doc/busybox-static/copyright', text: Buffer.from('GPL-2') };
const described = ({ path, type, mode, linkname = '', content }: ContextFile) =>
  [type, mode.toString(8), path, linkname && `-> ${linkname}`, Buffer.from(content)].filter(String).join(' ');

test('the register part has the shell with a link for each applet, the program, and users', () => {
  const files = registerContext('#!/bin/sh\n', busybox, [license]).map(described);
  expect(files).toEqual([
    `file 755 register/bin/busybox ${busybox}`,
    'symlink 777 register/bin/[ -> busybox',
    'symlink 777 register/bin/[[ -> busybox',
    'symlink 777 register/bin/cat -> busybox',
    'symlink 777 register/bin/sh -> busybox',
    'symlink 777 register/usr/bin/env -> ../../bin/env',
    'file 644 register/etc/group root:x:0:\nnobody:x:65534:\n',
    'file 644 register/etc/passwd root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
    'file 755 register/register #!/bin/sh\n',
    'symlink 777 register/qemu-binfmt-conf.sh -> register',
    'directory 1777 register/tmp',
    'file 644 register/usr/share/doc/busybox-static/copyright GPL-2',
  ]);
});

test('the licences of emulators are a part of their own', () => {
  expect(licenseContext([license]).map(described)).toEqual([
    'file 644 licenses/usr/share/doc/busybox-static/copyright GPL-2',
  ]);
});

test('an emulator can be run, under the name that other programs look for', () => {
  expect(emulatorEntry('aarch64')).toEqual({
    path: 'emulators/usr/bin/qemu-aarch64-static',
    type: 'file',
    mode: 0o755,
  });
});

test('the sources of a package are beside its licences', () => {
  const lock = lockOf({ latest: { 'linux/amd64': '11.1.3' } });
  const shell = lock.channels.latest?.platforms['linux/amd64']?.shell;
  if (shell === undefined) throw new Error('the lock lacks the shell');
  const { path, text } = sourcesFile(shell, lock.sources);
  expect(path).toBe('usr/share/doc/busybox-static/SOURCES');
  expect(Buffer.from(text).toString()).toMatch(/^Package: busybox-static\nVersion: 1:1\.38\.0-3\n/);
});

test('a folder of a context may have every file that is written into it', () => {
  const files = [
    ...registerContext('', busybox, [license]),
    ...licenseContext([license]),
    emulatorEntry('aarch64'),
  ].map(({ path, type }) => (type === 'directory' ? `${path}/` : path));
  const { files: globs } = CONTEXT_CONTENTS;
  expect(files.filter((path) => !globs.some((glob) => matchesGlob(path, glob)))).toEqual([]);
  expect(globs.filter((glob) => ![...files, 'Dockerfile'].some((path) => matchesGlob(path, glob)))).toEqual([
    'register/usr/share/doc/*/SOURCES',
    'licenses/usr/share/doc/*/SOURCES',
  ]);
});

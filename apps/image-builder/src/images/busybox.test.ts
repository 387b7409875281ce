import { expect, test } from 'vitest';
import { appletsOf } from './busybox.ts';

const program = (list: string) => Buffer.from(`\x7fELF code\0${list}/var/log/wtmp\0`, 'latin1');

test('the names of applets are read from the program', () => {
  expect(appletsOf(program('[\0[[\0cat\0run-parts\0sh\0zcat\0\0'))).toEqual([
    '[',
    '[[',
    'cat',
    'run-parts',
    'sh',
    'zcat',
  ]);
});

test.each([
  ['without the list', ''],
  ['whose list has no end', '[\0[[\0cat\0sh\0zcat\0'],
  ['whose list has other bytes', '[\0[[\0cat\0../sh\0sh\0\0'],
  ['without a shell', '[\0[[\0cat\0\0'],
  ['with an applet whose name leads elsewhere', '[\0[[\0cat\0cat/x\0sh\0\0'],
  ['with an empty name', '[\0[[\0cat\0sh\0A\0\0'],
])('a program %s is refused', (_, list) => {
  expect(() => appletsOf(program(list))).toThrow(
    expect.objectContaining({ code: 'PACKAGE_CONTENT_MISSING' }),
  );
});

import { expect, test } from 'vitest';
import { spdxId, termsOf } from './licenses.ts';

const glib = { package: 'glib2.0', version: '2.90.1-2' };

test.each([
  ['GPL-2', 'GPL-2.0-only'],
  ['GPL-2+', 'GPL-2.0-or-later'],
  ['GPL-3.0+', 'GPL-3.0-or-later'],
  ['LGPL-2.1+', 'LGPL-2.1-or-later'],
  ['Expat', 'MIT'],
  ['BSD-3-clause', 'BSD-3-Clause'],
  ['Zlib', 'Zlib'],
  ['AGPL-3', 'AGPL-3.0-only'],
  ['GFDL-1.3+', 'GFDL-1.3-or-later'],
  // Debian's archive uses these for terms of many wordings.
  ['MIT', null],
  ['public-domain', null],
  ['BSD_LLVM', null],
  ['GPL-9', null],
  // They only begin or end as one that is known.
  ['Nokia-GPL-2', null],
  ['GPL-2+-or-Artistic', null],
])('Debian’s %s is SPDX’s %s', (name, id) => {
  expect(spdxId(name)).toBe(id);
});

test('licences that all hold are joined, alternatives are kept together, each once', () => {
  expect(termsOf(glib, ['LGPL-2.1+', 'AFL-2.0 or LGPL-2.1+', 'Expat and LGPL-2.1+'])).toEqual({
    expression: 'LGPL-2.1-or-later AND (AFL-2.0 OR LGPL-2.1-or-later) AND MIT',
    references: [],
  });
});

test.each([
  ['Expat, or Zlib', 'a comma'],
  ['Expat and/or Zlib or AFL-2.0', 'a choice of both'],
  ['Expat with exception or Zlib', 'an exception'],
])('%s, with %s, is not taken apart', (field) => {
  expect(termsOf(glib, [field]).references.map(({ name }) => name)).toEqual([field]);
});

test.each(['Zlib-withdrawn', 'herewith'])('%s is a name, and no exception', (name) => {
  expect(termsOf(glib, [`${name} or Expat`]).references.map((one) => one.name)).toEqual([name]);
});

test('signs in a row that SPDX does not allow in an identifier are one hyphen', () => {
  expect(termsOf(glib, ['a, b']).expression).toBe('LicenseRef-Debian-glib2.0-a-b');
});

test('what SPDX has no name for refers to Debian’s text, under a name of that source', () => {
  expect(termsOf(glib, ['GPL-2+ with Autoconf exception', 'old-glib-tests or Expat'])).toEqual({
    expression:
      'LicenseRef-Debian-glib2.0-GPL-2plus-with-Autoconf-exception AND (LicenseRef-Debian-glib2.0-old-glib-tests OR MIT)',
    references: [
      {
        id: 'LicenseRef-Debian-glib2.0-GPL-2plus-with-Autoconf-exception',
        name: 'GPL-2+ with Autoconf exception',
        text: 'See GPL-2+ with Autoconf exception in debian/copyright of the source package glib2.0.',
      },
      {
        id: 'LicenseRef-Debian-glib2.0-old-glib-tests',
        name: 'old-glib-tests',
        text: 'See old-glib-tests in debian/copyright of the source package glib2.0.',
      },
    ],
  });
});

test('a copyright file that names no licence is referred to as a whole', () => {
  const id = 'LicenseRef-Debian-glib2.0-copyright';
  for (const names of [[], null])
    expect(termsOf(glib, names)).toEqual({
      expression: id,
      references: [
        {
          id,
          name: 'debian/copyright of glib2.0',
          text: 'See debian/copyright of the source package glib2.0.',
        },
      ],
    });
});

import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readAr } from './ar.ts';
import { makeAr } from './testing/packages.ts';

async function membersOf(archive: Uint8Array) {
  const members = [];
  for await (const { name, size, body } of readAr(Readable.from([archive])))
    members.push([name, size, await text(Readable.from(body))]);
  return members;
}

test('a member has the name before the slash at its end, its size and its bytes', async () => {
  const archive = makeAr([
    ['a/b/', 'odd'],
    ['c', ''],
    ['d', 'even'],
  ]);
  expect(await membersOf(archive)).toEqual([
    ['a/b', 3, 'odd'],
    ['c', 0, ''],
    ['d', 4, 'even'],
  ]);
});

test('a source is closed when its reader stops early', async () => {
  const source = Readable.from([makeAr([['a', 'odd']])]);
  for await (const { name } of readAr(source)) {
    expect(name).toBe('a');
    break;
  }
  expect(source.destroyed).toBe(true);
});

test('the last member may lack the byte that makes its end even', async () => {
  const archive = makeAr([['a', 'odd']]);
  expect(await membersOf(archive.subarray(0, -1))).toEqual([['a', 3, 'odd']]);
});

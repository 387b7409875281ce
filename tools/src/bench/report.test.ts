import { expect, test } from 'vitest';
import { asChart } from './chart.ts';
import { asPage, asText, figure } from './report.ts';
import type { Ran } from './results.ts';

const part: Ran = {
  title: 'Building',
  what: 'From packages to a registry.',
  columns: ['wall s', 'times ours'],
  rows: [
    { name: 'this project', ours: true, values: [12.345, 1] },
    { name: 'another', ours: false, values: [123.45, null] },
  ],
  claims: [
    { what: 'faster <than> another', atLeast: 4, found: 10 },
    { what: 'smaller', atLeast: 3.7, found: 3.6 },
  ],
  gains: [
    { what: 'faster <than> another', found: 10 },
    { what: 'smaller', found: 3.6 },
  ],
  next: ['a faster disk'],
  date: '2026-11-25',
  machine: 'a machine, 2 cores',
  versions: 'Node 24',
  repeat: 3,
  load: 0.5,
};

test('a figure has three digits that count; one that is not there is a dash', () => {
  expect([figure(0.01234), figure(12.345), figure(123.45), figure(null)]).toEqual([
    '0.0123',
    '12.3',
    '123',
    '–',
  ]);
});

test('the terminal shows a table, which claims were reached, and what is next', () => {
  expect(asText(part).split('\n')).toEqual([
    'Building. From packages to a registry.',
    '              wall s  times ours',
    'this project    12.3        1.00',
    'another          123           –',
    'reached: faster <than> another: 10.0 times, asked for 4',
    'NOT REACHED: smaller: 3.60 times, asked for 3.7',
    'to be gained next: a faster disk',
  ]);
});

test('the page has what a figure depends on beside it', () => {
  expect(asPage({ sections: { building: part } })).toContain(
    '2026-11-25, medians of 3, load 0.5 before. a machine, 2 cores. Node 24.',
  );
});

test('the chart has a bar for each gain of a user, and names are text in it', () => {
  const svg = asChart({ sections: { building: part } });
  expect(svg.match(/class="bar"/g)).toHaveLength(2);
  expect(svg).toContain('faster &lt;than> another');
});

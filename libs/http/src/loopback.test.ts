import { expect, test } from 'vitest';
import { isLoopback } from './loopback.ts';

test.each([
  'localhost',
  'localhost:5000',
  'LOCALHOST',
  '127.0.0.1',
  '127.3.2.1:80',
  '127.255.255.254',
  '[::1]',
  '[::1]:443',
])('%s is this machine', (host) => {
  expect(isLoopback(host)).toBe(true);
});

test.each([
  'localhost.example',
  '127.example.org',
  '128.0.0.1',
  '10.0.0.1:5000',
  '[::2]',
  '127.0.0.1.example',
  'x127.0.0.1',
  '1127.0.0.1',
])('%s is another machine', (host) => {
  expect(isLoopback(host)).toBe(false);
});

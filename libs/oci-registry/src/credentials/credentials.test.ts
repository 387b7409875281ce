import { expect, test } from 'vitest';
import { createScrubber, Secret } from '../secret.ts';
import { type Credentials, learnCredentials } from './credentials.ts';

const token = new Secret('hunter2');

test.each<[Credentials, string, string]>([
  [{ kind: 'basic', username: 'u', password: token }, 'hunter2, dTpodW50ZXIy', '***, ***'],
  [{ kind: 'identity', token }, 'a hunter2', 'a ***'],
  [{ kind: 'registry-token', token }, 'a hunter2', 'a ***'],
  [{ kind: 'anonymous' }, 'a hunter2', 'a hunter2'],
])('what is sent of %j is taken out of answers', (who, answer, shown) => {
  const scrubber = createScrubber();
  learnCredentials(who, scrubber);
  expect(scrubber.scrub(answer)).toBe(shown);
});

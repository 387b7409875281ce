import { describe, expect, test } from 'vitest';
import { CATALOGUES } from './errors-page.ts';

/** Code, an option with its value, or a command. */
const TO_PASTE =
  /`[^`]+`|(?:^|[\s(])--?[a-z][\w-]*|"repository":|\b(?:export|apt-get|npm|npx|git|rm|ulimit|sudo|cd|docker|chmod|systemctl|modprobe|mount|ls|echo) \S/;

/** Only a person can choose here. */
const CHOICES = new Set(['OPTIONS_CONTRADICT', 'NOT_KEPT', 'OUTPUT_FAILED', 'PROGRAM_MISSING']);

describe.each(CATALOGUES)('%s', (_, catalogue) => {
  test.each(Object.entries(catalogue).filter(([code]) => !CHOICES.has(code)))(
    '%s has a remedy with something to paste',
    (_code, { remedy }) => {
      expect(remedy).toMatch(TO_PASTE);
    },
  );
});

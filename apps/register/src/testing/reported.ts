import { expect } from 'vitest';
import { REGISTER_ERRORS } from '../index.ts';

type Code = keyof typeof REGISTER_ERRORS;

/** What a fault must look like: its code, the thing it names, the remedy of the catalogue, exit code 1, an empty stdout. */
export function reported(
  code: Code,
  message: string | RegExp,
  remedy: string = REGISTER_ERRORS[code].remedy,
) {
  const text = typeof message === 'string' ? RegExp.escape(message) : message.source;
  return {
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(new RegExp(`^${code}: ${text}; remedy: ${RegExp.escape(remedy)}$`, 'm')),
  };
}

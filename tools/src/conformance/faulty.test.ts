import { execFileSync, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NEEDS } from '../test-needs.ts';
import type { Accepted } from './accepted.ts';
import { CASES, FREESTANDING_CASES, START } from './cases.ts';
import { formatGate, regressions, verdictOn } from './gate.ts';
import { rowOf } from './rows.ts';
import { runCases } from './run-cases.ts';
import { openState } from './state.ts';
import { NATIVE } from './targets.ts';
import { column, results } from './testing/results.ts';
import type { Program } from './toolchain.ts';

// The checks compiled by this machine's own compiler, under an "emulator" of this CPU that is a wrapper with a fault.

const NONE = { schemaVersion: 1, exceptions: [] } satisfies Accepted;

const lacks = ['root', 'user namespace', 'gcc', 'amd64'].some((word) => NEEDS[word]?.lack() !== undefined);

describe.skipIf(lacks)('an emulator (root, user namespace, gcc, amd64)', () => {
  let folder: string;
  let program: Program;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'faulty-'));
    const sources = join(import.meta.dirname, 'programs');
    const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
    const file = compileHere('checks', [
      '-pthread',
      '-D_FILE_OFFSET_BITS=64',
      ...files.map((name) => join(sources, name)),
      '-lm',
    ]);
    program = {
      target: NATIVE,
      linking: 'static',
      file,
      sha256: hash('sha256', readFileSync(file)),
      prefix: undefined,
    };
  });
  afterAll(() => rm(folder, { recursive: true }));

  function compileHere(name: string, words: readonly string[]): string {
    const file = join(folder, name);
    execFileSync('gcc', ['-std=gnu17', '-O1', '-static', '-o', file, ...words], { stdio: 'pipe' });
    return file;
  }

  async function tryCases(emulator: string | undefined, names: readonly string[]) {
    const cases = CASES.filter(({ name }) => names.includes(name));
    const state = await openState(join(await mkdtemp(join(folder, 'state-')), 'results.jsonl'));
    const own =
      emulator === undefined
        ? undefined
        : {
            guest: NATIVE.guest,
            file: emulator,
            sha256: hash('sha256', readFileSync(emulator)),
            host: NATIVE.guest,
            by: undefined,
          };
    return runCases(program, own, cases, { state, jobs: 2, onResult: () => undefined });
  }

  test('that reports one byte less of one system call is stopped at the gate, by the name of the case', async () => {
    const faulty = compileHere('faulty', [join(import.meta.dirname, 'testing/faulty.c')]);
    const tried = await tryCases(faulty, ['copies', 'integers', 'segv', 'mmap']);
    const found = results(column('latest', '11.1.3', rowOf('amd64', 'x86_64', 'static', tried)));
    const stopped = regressions(found, NONE);
    expect(stopped.map((one) => [one.case, one.outcome])).toEqual([['copies', 'fail']]);
    expect(formatGate(verdictOn(found, NONE))).toMatch(
      /guest x86_64, amd64 static, case copies: fail: files\.c:\d+: .*got 4, expected 5/,
    );
  });

  test('that fails at once is stopped at the start, and nothing else is tried', async () => {
    const tried = await tryCases('/bin/false', ['integers', 'mmap']);
    expect(tried.map((one) => [one.case.name, one.result.outcome])).toEqual([
      ['start', 'fail'],
      ['integers', 'skipped'],
      ['mmap', 'skipped'],
    ]);
  });

  test('is not there: the checks of a program without a C library pass natively', () => {
    const source = join(import.meta.dirname, 'freestanding/checks.c');
    const file = compileHere('freestanding', ['-ffreestanding', '-nostdlib', '-fno-stack-protector', source]);
    const run = (...words: string[]) => {
      const { status, stderr } = spawnSync(file, words, { encoding: 'utf8' });
      return `${words[0]}: ${status} ${stderr}`;
    };
    const names = FREESTANDING_CASES.filter((one) => one !== START).map(({ name }) => name);
    expect(names.map((name) => run(name))).toEqual(names.map((name) => `${name}: 0 `));
    expect(run('@status', '7')).toBe('@status: 7 ');
    expect(run('threads')).toBe('threads: 2 no such case\n');
    expect(run('bare-words', 'one too many')).toBe('bare-words: 1 expected count == 2\n');
  });

  test('is not there: the checks pass natively', async () => {
    const quick = CASES.filter(({ work, flags }) => !work && flags === 'F').map(({ name }) => name);
    const tried = await tryCases(undefined, quick);
    const failed = tried.filter(({ result }) => result.outcome !== 'pass');
    expect(failed.map((one) => `${one.case.name}: ${one.result.detail}`)).toEqual([]);
  });
});

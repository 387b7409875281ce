import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { renderRegisterScript } from '../render.ts';

const folder = mkdtempSync(join(tmpdir(), 'register-test-'));
afterAll(() => rm(folder, { recursive: true }));

/** A folder of the test file's own, gone after it. */
export const FOLDER = folder;

/** The rendered script. */
export const SCRIPT = join(folder, 'register');
writeFileSync(SCRIPT, renderRegisterScript(), { mode: 0o755 });

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderRegisterScript } from '../render.ts';

/** A folder of this process's own, gone after it. */
export const FOLDER = mkdtempSync(join(tmpdir(), 'register-test-'));
const remove = () => rmSync(FOLDER, { recursive: true });
// vitest ends its workers without their exit handlers; the benchmark runs without vitest.
if (process.env.VITEST) (await import('vitest')).afterAll(remove);
else process.once('exit', remove);

/** The rendered script. */
export const SCRIPT = join(FOLDER, 'register');
writeFileSync(SCRIPT, renderRegisterScript(), { mode: 0o755 });

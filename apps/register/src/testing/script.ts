import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderRegisterScript } from '../render.ts';

let made: string | undefined;

/** A folder of this process's own, made when it is first asked for, and gone after it. */
export function scratch(): string {
  made ??= mkdtempSync(join(tmpdir(), 'register-test-'));
  return made;
}

function remove(): void {
  if (made !== undefined) rmSync(made, { recursive: true });
}
// vitest ends its workers without their exit handlers; the benchmark runs without vitest.
if (process.env.VITEST) (await import('vitest')).afterAll(remove);
else process.once('exit', remove);

let rendered: string | undefined;

/** The path of the rendered script. */
export function scriptFile(): string {
  if (rendered === undefined) {
    rendered = join(scratch(), 'register');
    writeFileSync(rendered, renderRegisterScript('https://example.org/qemu-user-static'), { mode: 0o755 });
  }
  return rendered;
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { startRegistryServer } from './testing/registry-server.ts';

const folder = new URL('..', import.meta.url).pathname;

test('the example of the README pushes a manifest and prints its digest', async () => {
  const readme = readFileSync(`${folder}/README.md`, 'utf8');
  const [, example = ''] = /^## Example$.*?```ts\n(.*?)```/ms.exec(readme) ?? [];
  const server = await startRegistryServer();
  onTestFinished(() => server.close());
  const program = example.replace('ghcr.io', server.name);
  const options = ['--input-type=module-typescript', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, options, { cwd: folder });
  expect(stdout.trim()).toBe(server.store.tags.get('owner/name:1.0'));
  expect(stdout).toMatch(/^sha256:/);
});

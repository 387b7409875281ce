import { type FetchContext, openHttp } from '@qemu-user-static/debian-archive';
import { answers, serve } from '@qemu-user-static/debian-archive/testing';
import type { PackageChange } from '@qemu-user-static/lock';
import { expect, onTestFinished, test } from 'vitest';
import { vanishedFrom } from './packages.ts';

/** A mirror below a path, which has some files. */
async function mirror(...paths: string[]) {
  const server = await serve(paths.map((path) => [`debian/${path}`, 'contents'] as const));
  const http = openHttp({});
  onTestFinished(async () => {
    await http.close();
    await server.close();
  });
  const context = (path: string) => ({ mirror: new URL(path, server.url), http }) as FetchContext;
  return { server, context };
}
const change = (path: string | null) => ({ before: path === null ? null : { path } }) as PackageChange;

test.each(['debian', 'debian/'])(
  'old packages that the mirror %s lacks are named, each once',
  async (path) => {
    const { server, context } = await mirror('pool/here.deb');
    const changes = ['pool/gone.deb', 'pool/here.deb', null, 'pool/gone.deb'].map(change);
    expect(await vanishedFrom(context(path), changes)).toEqual(['pool/gone.deb']);
    // A byte of each, for a package may be large.
    expect(server.requests).toEqual([
      'GET debian/pool/gone.deb bytes=0-0',
      'GET debian/pool/here.deb bytes=0-0',
    ]);
  },
);

test('a mirror that does not say whether it has a package is an error', async () => {
  const { server, context } = await mirror('pool/here.deb');
  server.faults.set('debian/pool/here.deb', [answers(403)]);
  await expect(vanishedFrom(context('debian'), [change('pool/here.deb')])).rejects.toMatchObject({
    name: 'HttpStatusError',
  });
});

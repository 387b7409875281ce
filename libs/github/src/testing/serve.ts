import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { startGitHub } from './server.ts';

// A GitHub on loopback, for trials by hand and for tests that run commands as processes of their own:
//
//   node libs/github/src/testing/serve.ts --port 8080 --repository OWNER/REPO \
//     --file sources.lock.json --qemu v11.1.3 --qemu v11.2.0-rc1
//   GITHUB_API_URL=http://127.0.0.1:8080 GITHUB_TOKEN=any npx --no image-builder track
//
// It prints its address, and on SIGTERM, as JSON, what it holds.

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    repository: { type: 'string', default: 'o/r' },
    /** Files of the main branch. */
    file: { type: 'string', multiple: true, default: [] },
    /** Tags of qemu/qemu. */
    qemu: { type: 'string', multiple: true, default: [] },
  },
});

const server = await startGitHub({ port: Number(values.port) });
const files = values.file.map(async (path) => [basename(path), await readFile(path, 'utf8')] as const);
const own = server.repository(values.repository);
own.push(own.defaultBranch, 'first', Object.fromEntries(await Promise.all(files)));
const qemu = server.repository('qemu/qemu');
for (const tag of values.qemu)
  qemu.refs.set(`tags/${tag}`, qemu.commit({ message: tag, tree: '', parents: [] }));
process.stdout.write(`${server.url}\n`);

const end = async () => {
  const { threads, releases, refs } = own;
  process.stdout.write(
    `${JSON.stringify({ threads, releases, refs: [...refs], requests: server.requests }, null, 2)}\n`,
  );
  await server.close();
};
process.once('SIGTERM', end).once('SIGINT', end);

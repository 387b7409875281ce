#!/usr/bin/env node

// The one file that Node reads without knowing TypeScript. It imports nothing at first, so that every Node can read it:
// an older one than package.json asks for ends with a sentence, not at the first word it does not know.
if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    `NODE_TOO_OLD: image-builder needs Node 24 or newer, and this is Node ${process.versions.node}\n` +
      '  remedy: Use the Node that `npm ci` installs: npm ci && npx --no image-builder help\n',
  );
  process.exitCode = 1;
} else {
  const { setFlagsFromString } = await import('node:v8');
  // The contents of images are outside of V8's heap and are given back at once, but V8 counts them as they come: it would
  // collect garbage hundreds of times in a release, for a few kilobytes each. The heap may become five times as large
  // before that, 100 MB; V8's own factor is as low as 1.1.
  setFlagsFromString('--heap-growing-percent=400');
  const { enableCompileCache } = await import('node:module');
  const { resolve } = await import('node:path');
  // A command that finds nothing to do takes a third of a second, most of it to read this code: Node keeps what it made
  // of it. Not in its own place in /tmp, where other users of the machine can write. This file is read before that, and
  // Node takes a tenth of a second to load what strips types: one more reason for JavaScript.
  enableCompileCache(resolve(import.meta.dirname, '../../../node_modules/.cache/image-builder'));
  await import('./program.ts').catch((error) => {
    if (error.code !== 'EMFILE' && error.code !== 'ENFILE') throw error;
    // The module that has the catalogue is one of those that cannot be read.
    process.stderr.write(
      `RESOURCES_EXHAUSTED: ${error.message}\n` +
        '  remedy: Raise the limits and run it again: ulimit -n 4096; ulimit -u unlimited; ulimit -v unlimited\n',
    );
    process.exitCode = 1;
  });
}

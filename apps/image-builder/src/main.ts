#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';

// A command that finds nothing to do takes half a second, most of it to read this code: Node keeps what it made of it. Not
// in its own place in /tmp, where other users of the machine can write.
enableCompileCache(resolve(import.meta.dirname, '../../../node_modules/.cache/image-builder'));
await import('./program.ts');

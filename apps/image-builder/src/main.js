#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';

// A command that finds nothing to do takes a third of a second, most of it to read this code: Node keeps what it made of
// it. Not in its own place in /tmp, where other users of the machine can write. This one file is read before that, and is
// JavaScript for that reason: Node takes a tenth of a second to load what strips types.
enableCompileCache(resolve(import.meta.dirname, '../../../node_modules/.cache/image-builder'));
await import('./program.ts');

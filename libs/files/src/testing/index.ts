/** Helpers for tests of libraries that read and write files. */
export { openFiles } from './open-files.ts';

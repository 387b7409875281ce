/** Helpers for tests of this library, and of programs that use it: a small archive served over loopback. */
export { makeArchive, type TestArchive, type TestArchiveOptions } from './archive.ts';
export { temporaryFolder } from './folder.ts';
export { makePackage, type TestFile, type TestPackage } from './packages.ts';
export * from './server.ts';

/** What tests of this library, and of programs that use it, need: a small archive served over loopback. */
export {
  makeArchive,
  paragraph,
  type TestArchive,
  type TestArchiveOptions,
  type TestSource,
} from './archive.ts';
export { temporaryFolder } from './folder.ts';
export { makeAr, makePackage, makeTar, type TestFile, type TestPackage } from './packages.ts';
export * from './server.ts';
export { clearSign, makeKey, type TestKey } from './signing.ts';

export { lockOf, RELEASE } from './lock.ts';
export { makeEmulators, makeShell, versionLine } from './packages.ts';
export { makeProgram } from './program.ts';

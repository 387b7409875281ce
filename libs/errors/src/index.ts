export { CodedError, type ErrorCatalogue, type ErrorEntry } from './coded-error.ts';
export { describe, isTold } from './describe.ts';
export { printable } from './printable.ts';

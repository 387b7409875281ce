export { CodedError, type ErrorCatalogue, type ErrorEntry } from './coded-error.ts';
export { causesOf, describe, isCodedError } from './describe.ts';
export { isLimit, RESOURCES_EXHAUSTED } from './limits.ts';
export { printable, printableLines } from './printable.ts';

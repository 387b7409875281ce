export { type Memo, memoKey, recall, remember } from './memo.ts';
export { replaceFile, TEMPORARY_PREFIX, temporaryIn } from './replace-file.ts';

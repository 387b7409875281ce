export { FILES_ERRORS, FilesError } from './errors.ts';
export { type Memo, memoKey, memoPath, recall, remember } from './memo.ts';
export { claimFolder, emptyFolder, FOLDER_MARK, type FolderContents } from './own-folder.ts';
export { replaceFile, TEMPORARY_PREFIX, temporaryIn } from './replace-file.ts';

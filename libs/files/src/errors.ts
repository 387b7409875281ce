import { CodedError, type ErrorCatalogue } from '@qemu-user-static/errors';

/** The errors of folders that this project fills. */
export const FILES_ERRORS = {
  FOLDER_FOREIGN: {
    meaning:
      'The folder for the output already contains files that this program did not write. Nothing in it was changed.',
    remedy:
      'Name a new or an empty folder, such as `--output dist/new` (for the files of a GitHub release `--assets dist/new`). If an earlier version of this program made the folder, remove it first.',
  },
} as const satisfies ErrorCatalogue;

export class FilesError extends CodedError<keyof typeof FILES_ERRORS> {
  constructor(code: keyof typeof FILES_ERRORS, message: string, cause?: unknown) {
    super(FILES_ERRORS, code, message, cause);
  }
}

import { expect, test } from 'vitest';
import { ARCHIVE_ERRORS } from './index.ts';

/** A command, or an option of one, with nothing but its own words or the names of systems behind it. */
const COMMAND =
  /(?:^|[ :])(?:(?:export|npm run|apt-get|brew|dnf|ulimit|git|rm|chmod|sudo) |--cache )[^.]*\S*$/;

test.each(Object.entries(ARCHIVE_ERRORS))(
  '%s has a remedy that ends in something to paste',
  (code, { remedy }) => {
    const isOfTheReadme = code === 'RELEASE_KEY_UNKNOWN';
    expect(remedy).toMatch(isOfTheReadme ? /export DEBIAN_MIRROR=/ : COMMAND);
  },
);

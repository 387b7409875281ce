import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { renderErrors } from './errors-page.ts';
import { ROOT } from './repository.ts';

// `npm run docs`: writes the pages that are generated from the code.
await writeFile(resolve(ROOT, 'docs/errors.md'), renderErrors());

#!/usr/bin/env node
import { resolve } from 'node:path';
import { problemsIn } from './prose/check.ts';
import { countPatterns } from './prose/count.ts';
import { checkedTexts } from './prose/texts.ts';
import { ROOT } from './repository.ts';

// `npm run lint` runs it: words that readers stumble over, in pages, help and errors, each with a better one.
//
//   node tools/src/prose.ts                     the words; exit code 1 if there is one
//   node tools/src/prose.ts --count [CHECKOUT]  how often each pattern is in all files of a checkout

const [mode, folder] = process.argv.slice(2);
if (mode === '--count') {
  console.table(countPatterns(resolve(folder ?? ROOT)));
} else {
  const problems = (await checkedTexts()).flatMap(problemsIn);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}

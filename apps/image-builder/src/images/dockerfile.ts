import { DockerfileParser, type Instruction, type PropertyInstruction } from 'dockerfile-ast';
import { BuilderError } from '../report/errors.ts';

/** What a Dockerfile of the supported kind says. */
export interface Recipe {
  /** One a layer, in order. */
  readonly copies: readonly Copy[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** An absolute path; empty where nothing is said. */
  readonly workingDir: string;
}

/** `COPY from to`: a folder's contents, or a file. Paths without leading and trailing slashes. */
export interface Copy {
  readonly from: string;
  readonly to: string;
  /** The target ends in a slash, so a file keeps its name below it. */
  readonly intoFolder: boolean;
  /** The instruction as written, for the image's history. */
  readonly text: string;
}

/**
 * Reads a rendered Dockerfile.
 * @throws BuilderError RECIPE_UNSUPPORTED naming the line, for all that the built-in builder does not do.
 */
export function parseDockerfile(text: string): Recipe {
  const recipe = {
    copies: [] as Copy[],
    env: [] as string[],
    labels: {} as Record<string, string>,
    entrypoint: [] as string[],
    cmd: [] as string[],
    workingDir: '',
  };
  const [first, ...rest] = DockerfileParser.parse(text).getInstructions();
  if (first === undefined || first.getKeyword() !== 'FROM' || first.getRawArgumentsContent() !== 'scratch') {
    throw unsupported(first, 'a recipe begins with FROM scratch');
  }
  for (const instruction of rest) {
    switch (instruction.getKeyword()) {
      case 'COPY':
        recipe.copies.push(copyOf(instruction));
        break;
      case 'ENV':
        for (const [name, value] of propertiesOf(instruction)) recipe.env.push(`${name}=${value}`);
        break;
      case 'LABEL':
        for (const [name, value] of propertiesOf(instruction)) recipe.labels[name] = value;
        break;
      case 'ENTRYPOINT':
        recipe.entrypoint = execForm(instruction);
        break;
      case 'CMD':
        recipe.cmd = execForm(instruction);
        break;
      case 'WORKDIR':
        recipe.workingDir = folderOf(instruction);
        break;
      default:
        throw unsupported(instruction, `${instruction.getKeyword()} is not supported`);
    }
  }
  return recipe;
}

function copyOf(instruction: Instruction): Copy {
  const [from, to, ...more] = instruction.getArguments().map((argument) => argument.getValue());
  const options = /^copy\s+--/i.test(instruction.getTextContent());
  if (
    options ||
    from === undefined ||
    to === undefined ||
    more.length > 0 ||
    /[*?$"'[\\<]/.test(`${from}${to}`)
  ) {
    throw unsupported(instruction, 'COPY takes one plain source and one plain target, no options');
  }
  if (from.split('/').includes('..') || !to.startsWith('/')) {
    throw unsupported(instruction, 'COPY copies from inside the context to an absolute path');
  }
  const trimmed = (path: string) => path.replace(/^(\.?\/)+|\/+$/g, '').replace(/^\.$/, '');
  return {
    from: trimmed(from),
    to: trimmed(to),
    intoFolder: to.endsWith('/'),
    text: instruction.getTextContent(),
  };
}

/** One that is there in every image: another would have to be made, by a layer of its own. */
function folderOf(instruction: Instruction): string {
  const path = instruction.getRawArgumentsContent();
  if (path !== '/') throw unsupported(instruction, 'WORKDIR is the root folder, /');
  return path;
}

function propertiesOf(instruction: Instruction): [string, string][] {
  return (instruction as PropertyInstruction).getProperties().map((property) => {
    // Its name for the text as written, quotes and escapes included.
    const written = property.getUnescapedValue();
    if (written === null || property.getAssignmentOperator() !== '=') {
      throw unsupported(instruction, `${instruction.getKeyword()} is written NAME=value`);
    }
    const value = unquote(written);
    if (value === null) throw unsupported(instruction, 'variables are not supported');
    return [property.getName(), value];
  });
}

/**
 * A word without its quotes and escapes: `'…'` is as it stands, in `"…"` a backslash escapes itself, the quote
 * and the dollar, outside both whatever follows. Null where a variable would be put in.
 * https://docs.docker.com/reference/dockerfile/#environment-replacement
 */
function unquote(word: string): string | null {
  let value = '';
  let quote = '';
  for (let index = 0; index < word.length; index++) {
    const char = word.charAt(index);
    const next = word.charAt(index + 1);
    if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
    else if (char === '\\' && quote !== "'" && (quote === '' || '\\"$'.includes(next))) {
      value += next;
      index += 1;
    } else if (char === '$' && quote !== "'") return null;
    else value += char;
  }
  return value;
}

/** The parser's own JSON strings lose spaces, so the text is parsed as what it is. */
function execForm(instruction: Instruction): string[] {
  try {
    const value: unknown = JSON.parse(instruction.getRawArgumentsContent() ?? '');
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // Reported below: the shell form ends here too.
  }
  throw unsupported(
    instruction,
    `${instruction.getKeyword()} takes a JSON array of strings, for there may be no shell`,
  );
}

function unsupported(instruction: Instruction | undefined, why: string): BuilderError {
  const line = instruction === undefined ? 1 : instruction.getRange().start.line + 1;
  const text = instruction === undefined ? '' : `: ${instruction.getTextContent()}`;
  return new BuilderError('RECIPE_UNSUPPORTED', `Dockerfile line ${line}: ${why}${text}`);
}

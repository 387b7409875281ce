import type { InferOptions, Option, OptionValues } from '@commander-js/extra-typings';
import type { Environment } from './environment.ts';

/** The result of a command, as text and as JSON. */
export interface Result {
  /** Empty where there is nothing to report. */
  readonly text: string;
  /** The document that `--json` prints, with `schemaVersion`; without it, the text is a JSON document of its own format. */
  readonly value?: object;
  /** Why the command failed although it has a result. It is reported after the result. */
  readonly failure?: Error;
}

/** A command: its options, its action, and calls of it for `--help`. */
export interface Command<Given = OptionValues> {
  readonly options: readonly AnyOption[];
  /** Words after `image-builder`, and what they do. */
  readonly examples: readonly (readonly [words: string, effect: string])[];
  run(options: Given, environment: Environment): Promise<Result>;
}

/** Derives the type of what `run` is given from the options themselves. */
export function command<const Options extends readonly AnyOption[]>(
  options: Options,
  examples: Command['examples'],
  run: (options: OptionsOf<Options>, environment: Environment) => Promise<Result>,
): Command<OptionsOf<Options>> {
  return { options, examples, run };
}

export type AnyOption = Option<string, unknown, unknown, unknown, boolean, unknown>;

/** The values of a list of options, under their camel-cased names. */
export type OptionsOf<Options extends readonly AnyOption[]> = Intersection<ValueOf<Options[number]>>;

type ValueOf<One> =
  One extends Option<infer Usage, infer Preset, infer Default, infer Coerced, infer Mandatory, infer Choices>
    ? InferOptions<object, Usage, Default, Coerced, Mandatory, Preset, Choices>
    : never;

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

import { data, Evaluator, Lexer, Parser } from '@actions/expressions';

/** The names that `${{ … }}` may use: `github`, `env`, `matrix`, `secrets` and so on, as plain values. */
export type Contexts = Readonly<Record<string, unknown>>;

/** How the steps before went, which `success()`, `failure()` and `always()` ask for. */
export type Status = 'success' | 'failure';

/**
 * The value of an expression.
 * https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
 */
function evaluate(expression: string, contexts: Contexts, status: Status): data.ExpressionData {
  const functions = [
    { name: 'success', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(status === 'success') },
    { name: 'failure', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(status === 'failure') },
    { name: 'always', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(true) },
    // Nobody cancels a run here.
    { name: 'cancelled', minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(false) },
  ];
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  const known = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  return new Evaluator(parsed, known, new Map(functions.map((one) => [one.name, one]))).evaluate();
}

/** A text with each `${{ … }}` replaced by its value. */
export function interpolate(text: string, contexts: Contexts): string {
  return text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    evaluate(expression, contexts, 'success').coerceString(),
  );
}

/** Whether a job or step runs: without a word about it, if all before it went well. */
export function isDue(condition: string | undefined, contexts: Contexts, status: Status): boolean {
  const expression = condition?.replace(/^\s*\$\{\{(.*)\}\}\s*$/s, '$1') ?? 'success()';
  const asksForStatus = /\b(success|failure|always|cancelled)\(/.test(expression);
  const value = evaluate(expression, contexts, status).coerceString();
  const holds = value !== '' && value !== 'false' && value !== '0';
  return holds && (asksForStatus || status === 'success');
}

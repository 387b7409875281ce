import { describe, expect, test } from 'vitest';
import { parseDockerfile } from './dockerfile.ts';

const parse = (...lines: string[]) => parseDockerfile(['FROM scratch', ...lines].join('\n'));

describe('what the built-in builder reads', () => {
  test('COPY, with and without a slash at the end', () => {
    expect(parse('COPY register/ /', 'COPY a/b.txt /etc/c.txt').copies).toEqual([
      { from: 'register', to: '', intoFolder: true, text: 'COPY register/ /' },
      { from: 'a/b.txt', to: 'etc/c.txt', intoFolder: false, text: 'COPY a/b.txt /etc/c.txt' },
    ]);
  });

  test('COPY of a path, whatever dots and slashes it is written with', () => {
    const copies = parse(
      'COPY .//a/b// //c//',
      'COPY . /',
      'COPY ./ /x',
      'COPY .hidden /',
      'COPY a. /b.',
    ).copies;
    expect(copies.map(({ from, to }) => [from, to])).toEqual([
      ['a/b', 'c'],
      ['', ''],
      ['', 'x'],
      ['.hidden', ''],
      ['a.', 'b.'],
    ]);
  });

  test('a backslash that escapes nothing, and what is in single quotes, as they stand', () => {
    const line = String.raw`LABEL a="x\ny" b='p\"q' c=p\ q d='$HOME' e="it's" f="\'"`;
    expect(parse(line).labels).toEqual({
      ...{ a: String.raw`x\ny`, b: String.raw`p\"q`, c: 'p q', d: '$HOME', e: "it's", f: String.raw`\'` },
    });
  });

  test('ENV and LABEL, quoted, escaped and bare, several on a line', () => {
    const recipe = parse(
      'ENV A=1 B="two words"',
      String.raw`LABEL a.b="say \"x\", 5\$, back\\slash" c=d`,
      "LABEL e='single'",
    );
    expect(recipe.env).toEqual(['A=1', 'B=two words']);
    expect(recipe.labels).toEqual({ 'a.b': 'say "x", 5$, back\\slash', c: 'd', e: 'single' });
  });

  test('ENTRYPOINT and CMD as JSON, spaces kept', () => {
    const recipe = parse('ENTRYPOINT ["/register", "two  spaces"]', 'CMD ["--help"]');
    expect(recipe).toMatchObject({ entrypoint: ['/register', 'two  spaces'], cmd: ['--help'] });
  });

  test('WORKDIR, where it is the root folder', () => {
    expect(parse('WORKDIR /').workingDir).toBe('/');
    expect(parse().workingDir).toBe('');
  });

  test('comments and continued lines', () => {
    expect(parse('# a comment', 'LABEL a=1 \\', '      b=2').labels).toEqual({ a: '1', b: '2' });
  });
});

describe('what it refuses, naming the line and the other builder', () => {
  test.each([
    ['RUN true', 'Dockerfile line 2: RUN is not supported: RUN true'],
    ['ENV A="$B"', 'variables are not supported'],
    ['COPY --chown=1:1 a /', 'COPY takes one plain source and one plain target'],
    ['COPY  --from=x a /', 'COPY takes one plain source and one plain target'],
    ['COPY', 'COPY takes one plain source and one plain target'],
    ['COPY a', 'COPY takes one plain source and one plain target'],
    ['COPY a b /', 'COPY takes one plain source and one plain target'],
    ['COPY a* /', 'COPY takes one plain source and one plain target'],
    ['COPY ["a", "/"]', 'COPY takes one plain source and one plain target'],
    ['COPY <<EOF /x\nEOF', 'COPY takes one plain source and one plain target'],
    ['COPY ../a /', 'COPY copies from inside the context to an absolute path'],
    ['COPY a relative', 'COPY copies from inside the context to an absolute path'],
    ['ENV A=$B', 'variables are not supported'],
    ['LABEL a', 'LABEL is written NAME=value'],
    ['ENV A 1', 'ENV is written NAME=value'],
    ['ENTRYPOINT /register', 'ENTRYPOINT takes a JSON array of strings'],
    ['WORKDIR /srv', 'WORKDIR is the root folder'],
    ['CMD [1]', 'CMD takes a JSON array of strings'],
    ['CMD ["a", 1]', 'CMD takes a JSON array of strings'],
    ['FROM scratch', 'FROM is not supported'],
  ])('%s', (line, why) => {
    expect(() => parse(line)).toThrow(
      expect.objectContaining({
        code: 'RECIPE_UNSUPPORTED',
        message: expect.stringContaining(why),
        remedy: expect.stringContaining('--builder docker'),
      }),
    );
  });

  test('a base image', () => {
    expect(() => parseDockerfile('LABEL scratch')).toThrow('a recipe begins with FROM scratch');
    expect(() => parseDockerfile('FROM debian')).toThrow('a recipe begins with FROM scratch');
    expect(() => parseDockerfile('')).toThrow('a recipe begins with FROM scratch');
  });
});

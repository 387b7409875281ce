import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './repository.ts';

// https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-issue-forms

interface Form {
  readonly name: string;
  readonly description: string;
  readonly body: readonly {
    readonly type: string;
    readonly id?: string;
    readonly attributes: { readonly label?: string; readonly description?: string };
  }[];
}

const FOLDER = resolve(ROOT, '.github/ISSUE_TEMPLATE');
const textOf = (file: string) => readFileSync(resolve(FOLDER, file), 'utf8');
const forms = readdirSync(FOLDER).filter((file) => file !== 'config.yml');

test.each(forms)('%s has what GitHub asks of a form', (file) => {
  const form = parse(textOf(file)) as Form;
  expect(form.name.length).toBeGreaterThan(3);
  expect(form.description.length).toBeGreaterThan(3);
  const ids = form.body.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { type, id, attributes } of form.body) {
    expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
    expect(id).toMatch(/^[a-z]+$/);
    expect(attributes.label?.length).toBeGreaterThan(3);
  }
});

test('a report of a bug has to give the output of --doctor', () => {
  const { body } = parse(textOf('bug.yml')) as {
    body: { id: string; validations?: { required: boolean } }[];
  };
  expect(body.find(({ id }) => id === 'doctor')?.validations).toEqual({ required: true });
});

test('the links beside the forms lead to sections that there are', () => {
  const { contact_links } = parse(textOf('config.yml')) as { contact_links: { url: string }[] };
  const readme = readFileSync(resolve(ROOT, 'README.md'), 'utf8').toLowerCase();
  const sections = contact_links.flatMap(({ url }) => url.split('#')[1] ?? []);
  expect(sections).toEqual(['troubleshooting']);
  for (const section of sections) expect(readme).toContain(`## ${section}\n`);
});

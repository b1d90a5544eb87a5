/** The gateway's own answers are in the list of all problems, with the same texts. */
import { readFileSync } from 'node:fs';

const template = readFileSync('infra/nginx/templates/basecommerce.conf.template', 'utf8');
const listed = new Map(
  [...readFileSync('docs/reference/errors.md', 'utf8').matchAll(/^\| `(\w+)` \| \d+ \| (.*?) \|$/gm)].map(
    ([, code, message]) => [code!, message!],
  ),
);

/** Reads a `map` from a code to a text: the quoted text of each code. */
function textsOf(variable: string): [code: string, text: string][] {
  const block = new RegExp(`^map \\$problem_code \\$${variable} \\{\\n([^}]*)^\\}`, 'm').exec(template)![1]!;
  return [...block.matchAll(/^ {2}(\w+) "(.*)";$/gm)].map(([, code, text]) => [code!, text!]);
}

const details = textsOf('problem_detail').filter(([code]) => code !== 'default');

it('finds the codes', () => {
  expect(details.length).toBeGreaterThan(10);
});

it.each(details)('%s is listed among the errors with the same text', (code, text) => {
  expect(listed.get(code)).toBe(text);
});

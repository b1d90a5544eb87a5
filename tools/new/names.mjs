/**
 * A name as people write it, `purchase-orders`, in every form that code and tables need; it refuses forbidden names.
 */
import { Refusal } from '../launch/say.mjs';

const LONGEST = 30;

/** Reserved words of TypeScript or SQL, and words that contracts use with another meaning. */
const TAKEN = new Set(
  (
    'arguments as async await break call case catch class const continue create data date debugger default delete do ' +
    'else emit enum errors eval export extends false finally for from function get group id if import in instance ' +
    'instant interface let list money new none null of operation order-by package page percent price private ' +
    'protected public quantity references return row scope select set sql static super switch table tenant text this ' +
    'throw true try type typeof undefined unit user var void where while with yield z'
  ).split(' '),
);

/** Junk drawers; tools/check/names.mjs refuses them as folders. */
const JUNK = new Set('shared common utils util helpers helper core base generic misc lib'.split(' '));

export function nameOf(text, what) {
  if (!/^[a-z]+(-[a-z]+)*$/.test(text) || text.length > LONGEST)
    throw new Refusal(`${what} ${text}: write it in small letters with hyphens, at most ${LONGEST}: purchase-orders`);
  if (JUNK.has(text)) throw new Refusal(`${what} ${text} says nothing; name it after what it holds`);
  if (TAKEN.has(text)) throw new Refusal(`${what} ${text}: the word is reserved; choose another one`);
  return formsOf(text);
}

export function singular(name) {
  if (/ies$/.test(name)) return name.replace(/ies$/, 'y');
  if (/(ss|x|ch|sh)es$/.test(name)) return name.replace(/es$/, '');
  return name.replace(/([^su])s$/, '$1');
}

/** The plural `deliveries` and the singular `delivery`. */
export function pluralOf(text, what) {
  const many = nameOf(text, what);
  const one = singular(text);
  if (one === text) throw new Refusal(`${what} ${text}: name it in the plural, as in quotes or purchase-orders`);
  return { many, one: nameOf(one, 'the singular') };
}

export function formsOf(path) {
  const camel = path.replace(/[-_](\w)/g, (_, letter) => letter.toUpperCase());
  const words = path.replace(/[-_]/g, ' ');
  return {
    path: path.replaceAll('_', '-'),
    camel,
    pascal: capital(camel),
    snake: path.replaceAll('-', '_'),
    upper: path.replaceAll('-', '_').toUpperCase(),
    words,
    title: capital(words),
    withArticle: `${/^[aeio]/.test(words) ? 'an' : 'a'} ${words}`,
  };
}

export function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

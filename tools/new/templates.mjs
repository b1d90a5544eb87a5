/** Templates have the form of the generated files, with `__word__` for names. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export function filled(template, words) {
  const text = readFileSync(path.join(import.meta.dirname, 'templates', `${template}.txt`), 'utf8');
  return text.replace(/__([A-Za-z_]+?)__/g, (token, word) => {
    if (words[word] === undefined) throw new Error(`${template}: nothing to put for ${token}`);
    return words[word];
  });
}

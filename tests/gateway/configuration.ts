/** The rendered configuration as a tree, includes followed, so that tests can query it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

export interface Directive {
  readonly words: readonly string[];
  readonly block?: readonly Directive[];
  /** The file of the directive. */
  readonly file: string;
}

export function configuration(file: string, base = path.dirname(file)): Directive[] {
  const tokens = [
    ...readFileSync(file, 'utf8').matchAll(/#[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[{};]|[^\s{};"']+/g),
  ]
    .map(([token]) => token)
    .filter((token) => !token.startsWith('#'));
  const name = path.relative(base, file);
  let at = 0;
  const read = (): Directive[] => {
    const found: Directive[] = [];
    let words: string[] = [];
    while (at < tokens.length) {
      const token = tokens[at++]!;
      if (token === '}') return found;
      if (token === ';') {
        if (words[0] === 'include') found.push(...configuration(words[1]!, base));
        else found.push({ words, file: name });
        words = [];
      } else if (token === '{') {
        found.push({ words, file: name, block: read() });
        words = [];
      } else words.push(token.replace(/^(["'])(.*)\1$/s, '$2'));
    }
    return found;
  };
  return read();
}

export function named(directives: readonly Directive[], name: string): Directive[] {
  return directives.filter(({ words }) => words[0] === name);
}

/** Names one of the six servers by its ports and hosts. */
export function serverName(server: Directive): string {
  const listens = named(server.block!, 'listen').flatMap(({ words }) => words.slice(1));
  const names = named(server.block!, 'server_name').flatMap(({ words }) => words.slice(1));
  if (listens.includes('default_server')) return 'anything else';
  if (names.includes('_')) return 'figures';
  if (!listens.includes('ssl')) return 'plain';
  if (names.some((name) => name.startsWith('~'))) return 'stores';
  return names.some((name) => name.startsWith('console.')) ? 'console' : 'bare domain';
}

import { problemsOf, SECTIONS } from './readmes.mjs';

const facts = { Owns: ['quotes'], Emits: ['quote.sent'], Consumes: [] };
const readme = (owns, emits, consumes) =>
  `# Quotes\n\n## Owns\n\n${owns}\n\n## Emits\n\n${emits}\n\n## Consumes\n\n${consumes}\n\n## Guarantees\n\n- One.\n\n## Refuses\n\n- Two.\n`;

describe('the README of a room', () => {
  it('passes when it is true', () => {
    expect(problemsOf(readme('`quotes`.', '`quote.sent`.', 'Nothing.'), facts)).toEqual([]);
  });

  it('fails when it is missing, lacks a section, or has an empty one', () => {
    expect(problemsOf(undefined, facts)).toEqual(['it is missing']);
    expect(problemsOf('# Quotes\n', facts)).toEqual([`of the sections ${SECTIONS.join(', ')} it has, in this order: `]);
    expect(problemsOf(readme('`quotes`.', '`quote.sent`.', ''), facts)).toEqual(['Consumes is empty']);
  });

  it('fails for a missing name and for a wrong one', () => {
    expect(problemsOf(readme('Nothing.', '`quote.sent`, `quote.lost`.', '`order`.'), facts)).toEqual([
      'Owns lacks `quotes`',
      'Emits names `quote.lost`, which is not so',
      'Consumes names `order`, which is not so',
    ]);
  });

  it('may name tables by their common beginning', () => {
    const owns = { ...facts, Owns: ['quotes', 'quote_lines'] };
    expect(problemsOf(readme('`quote*`.', '`quote.sent`.', 'Nothing.'), owns)).toEqual([]);
    expect(problemsOf(readme('`quote_*`.', '`quote.sent`.', 'Nothing.'), owns)).toEqual(['Owns lacks `quotes`']);
    expect(problemsOf(readme('`quote*`, `order_*`.', '`quote.sent`.', 'Nothing.'), owns)).toEqual([
      'Owns names `order_*`, which is not so',
    ]);
  });

  it('fails when it is longer than a page', () => {
    const long = `${readme('`quotes`.', '`quote.sent`.', 'Nothing.')}${'- More.\n'.repeat(100)}`;
    expect(problemsOf(long, facts)).toEqual([expect.stringContaining('100 is the limit')]);
  });
});

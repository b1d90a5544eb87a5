/** Converts text to the characters that a PDF's standard fonts have (Windows-1252), and fits it into a width. */

interface Measure {
  widthOfString(text: string): number;
}

/** Beyond Latin-1: €, quotes, dashes, ellipsis and the few other characters that Windows-1252 has at 0x80 to 0x9F. */
const EXTRA = new Set('€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ');
const ELLIPSIS = '…';

/** Accents that the fonts lack are left out (`ő` is `o`); other unknown characters become `?`, control characters spaces. */
export function latin(text: string): string {
  let shown = '';
  for (const character of text.normalize('NFC')) {
    if (isKnown(character)) shown += character;
    else if (/\p{Cc}|\p{Zs}/u.test(character)) shown += ' ';
    else {
      const bare = character.normalize('NFD').replaceAll(/\p{M}/gu, '');
      shown += bare !== '' && [...bare].every(isKnown) ? bare : '?';
    }
  }
  return shown;
}

/** `text` in lines of `width`, broken at spaces, or inside a word that is wider than a line; lines after `most` are cut. */
export function clipped(measure: Measure, text: string, width: number, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(measure, one, width))) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (measure.widthOfString(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  if (lines.length <= most) return lines;
  const kept = lines.slice(0, most);
  return [...kept.slice(0, -1), shortened(measure, kept.at(-1)!, width)];
}

function isKnown(character: string): boolean {
  const code = character.codePointAt(0)!;
  return (code >= 0x20 && code < 0x7f) || (code >= 0xa0 && code <= 0xff) || EXTRA.has(character);
}

function pieces(measure: Measure, word: string, width: number): string[] {
  const found: string[] = [];
  let rest = word;
  while (measure.widthOfString(rest) > width && rest.length > 1) {
    let fits = rest.length - 1;
    while (fits > 1 && measure.widthOfString(rest.slice(0, fits)) > width) fits -= 1;
    found.push(rest.slice(0, fits));
    rest = rest.slice(fits);
  }
  return [...found, rest];
}

function shortened(measure: Measure, line: string, width: number): string {
  let shown = line;
  while (shown !== '' && measure.widthOfString(shown + ELLIPSIS) > width) shown = shown.slice(0, -1);
  return shown.trimEnd() + ELLIPSIS;
}

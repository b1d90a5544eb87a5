/**
 * The README of every room in libs/modules and libs/engines: it has the five sections, and its tables, events and
 * aggregates equal those of prisma/schema and libs/contracts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { readContracts } from '../gen/contracts.mjs';
import { root } from '../launch/places.mjs';
import { main } from '../launch/say.mjs';
import { foldersOf, ownersByTable } from '../prisma/rooms.mjs';

export const SECTIONS = ['Owns', 'Emits', 'Consumes', 'Guarantees', 'Refuses'];
/** A newcomer reads it first: about twenty lines, more only where a room has inner rooms. */
const LONGEST = 100;

/**
 * The errors of the README of a room, in words. `facts` maps Owns, Emits and Consumes to the true names. @param {string
 * | undefined} text @param {Record<string, string[]>} facts @returns {string[]}
 */
export function problemsOf(text, facts) {
  if (text === undefined) return ['it is missing'];
  const problems = [];
  const lines = text.trimEnd().split('\n');
  if (lines.length > LONGEST) problems.push(`it has ${lines.length} lines; ${LONGEST} is the limit`);
  const sections = sectionsOf(text);
  const present = [...sections.keys()].filter((title) => SECTIONS.includes(title));
  if (present.join() !== SECTIONS.join())
    return [...problems, `of the sections ${SECTIONS.join(', ')} it has, in this order: ${present.join(', ')}`];
  for (const [title, body] of sections) if (body === '') problems.push(`${title} is empty`);
  for (const [title, expected] of Object.entries(facts)) {
    const named = [...(sections.get(title) ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    for (const name of expected)
      if (!named.some((claim) => covers(claim, name))) problems.push(`${title} lacks \`${name}\``);
    for (const name of named)
      if (!expected.some((fact) => covers(name, fact))) problems.push(`${title} names \`${name}\`, which is not so`);
  }
  return problems;
}

/** `billing_*` stands for all names with this beginning. */
function covers(claim, name) {
  return claim.endsWith('*') ? name.startsWith(claim.slice(0, -1)) : claim === name;
}

/** Title → text. */
function sectionsOf(text) {
  const parts = text.split(/^## /m).slice(1);
  return new Map(parts.map((part) => [part.split('\n')[0].trim(), part.split('\n').slice(1).join('\n').trim()]));
}

/** What a room owns, emits and consumes. A module and an engine of one name share their contracts: the module emits. */
function factsOf(kind, name, contracts, owners) {
  const folder = `libs/${kind}/${name}/`;
  const contract = contracts.find((room) => room.name === name);
  const emits = kind === 'modules' || !existsSync(path.join(root, 'libs/modules', name));
  const consumes = existsSync(path.join(root, folder, 'worker.ts'));
  return {
    Owns: [...owners].filter(([, room]) => foldersOf(room).includes(folder)).map(([table]) => table),
    Emits: emits ? (contract?.events ?? []).map(({ type }) => type) : [],
    Consumes: consumes ? [...(contract?.subscription ?? [])] : [],
  };
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => {
    const contracts = await readContracts();
    const owners = ownersByTable();
    const problems = ['engines', 'modules'].flatMap((kind) =>
      readdirSync(path.join(root, 'libs', kind)).flatMap((name) => {
        const file = `libs/${kind}/${name}/README.md`;
        const target = path.join(root, file);
        const text = existsSync(target) ? readFileSync(target, 'utf8') : undefined;
        return problemsOf(text, factsOf(kind, name, contracts, owners)).map((problem) => `${file}: ${problem}`);
      }),
    );
    if (problems.length === 0) return;
    process.stdout.write(`${problems.join('\n')}\n`);
    process.exitCode = 1;
  });
}

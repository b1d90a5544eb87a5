/**
 * The planned files. They are made in memory first, so a refusal changes nothing. Then they are written beside their
 * targets and renamed; after a failure everything is undone.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { root } from '../launch/places.mjs';
import { Refusal } from '../launch/say.mjs';

const FORMATTED = /\.(ts|json)$/;

export class Plan {
  /** File → text, from the project's root. */
  #created = new Map();
  #changed = new Map();

  create(file, text) {
    if (existsSync(path.join(root, file))) throw new Refusal(`${file} is there already`);
    this.#created.set(file, text);
  }

  /** The planned text of a file. Undefined when there is no such file. */
  read(file) {
    const planned = this.#created.get(file) ?? this.#changed.get(file);
    if (planned !== undefined) return planned;
    return existsSync(path.join(root, file)) ? readFileSync(path.join(root, file), 'utf8') : undefined;
  }

  list(folder) {
    return existsSync(path.join(root, folder)) ? readdirSync(path.join(root, folder)).sort() : [];
  }

  /** Replaces the match of the pattern; a list with an unexpected form is refused. */
  edit(file, pattern, replacement) {
    const text = this.read(file);
    if (text === undefined || !pattern.test(text)) throw new Refusal(`${file} is not as expected: no ${pattern}`);
    (this.#created.has(file) ? this.#created : this.#changed).set(file, text.replace(pattern, replacement));
  }

  /**
   * Inserts a line among the lines with the same beginning, in their order; after the last of them when it sorts last.
   */
  addSorted(file, isAlike, line) {
    const lines = (this.read(file) ?? '').split('\n');
    const alike = lines.filter((other) => isAlike.test(other));
    if (alike.length === 0) throw new Refusal(`${file} is not as expected: no ${isAlike}`);
    const next = alike.find((other) => sortKey(other) > sortKey(line));
    lines.splice(next === undefined ? lines.lastIndexOf(alike.at(-1)) + 1 : lines.indexOf(next), 0, line);
    (this.#created.has(file) ? this.#created : this.#changed).set(file, lines.join('\n'));
  }

  lines() {
    return [
      ...[...this.#created.keys()].map((file) => `create ${file}`),
      ...[...this.#changed.keys()].map((file) => `change ${file}`),
    ];
  }

  async write() {
    const files = await Promise.all(
      [...this.#created, ...this.#changed].map(async ([file, text]) => ({
        target: path.join(root, file),
        text: FORMATTED.test(file) ? await formatted(file, text) : text,
        before: this.#changed.has(file) ? readFileSync(path.join(root, file), 'utf8') : undefined,
      })),
    );
    const folders = [];
    const draftOf = (target) => `${target}.${process.pid}.tmp`;
    try {
      for (const { target, text } of files) {
        const first = mkdirSync(path.dirname(target), { recursive: true });
        if (first) folders.push(...foldersBetween(first, path.dirname(target)));
        writeFileSync(draftOf(target), text);
      }
      for (const { target } of files) renameSync(draftOf(target), target);
    } catch (error) {
      for (const { target, before } of files) {
        rmSync(draftOf(target), { force: true });
        if (before === undefined) rmSync(target, { force: true });
        else writeFileSync(target, before);
      }
      for (const folder of folders.reverse()) rmdirSync(folder);
      throw error;
    }
  }
}

/** Sorts by the name in a line: an import by its path, an export or a list's member by its text. */
function sortKey(line) {
  return /from '([^']+)'/.exec(line)?.[1] ?? line.trim();
}

async function formatted(file, text) {
  const filepath = path.join(root, file);
  return format(text, { ...(await resolveConfig(filepath)), filepath });
}

function foldersBetween(first, last) {
  const folders = [];
  for (let folder = last; folder.length >= first.length; folder = path.dirname(folder)) folders.unshift(folder);
  return folders;
}

/**
 * A store in one file:
 *
 *   basecommerce-store 1 plain | basecommerce-store 1 aes-256-gcm <salt> <nonce>        one line
 *   gzip of lines, encrypted if so:   H header ─▶ (T table ─▶ R row, R row, …)… ─▶ M manifest
 *   the cipher's tag, if encrypted
 *
 * Rows are JSON as PostgreSQL prints it, and are never parsed between. The manifest states the number of rows of each
 * table and their SHA-256, and it comes last: without a manifest that agrees, an archive is damaged. Writing and
 * reading stream, so memory does not grow with the store.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { appendFile, open, rename, rm, writeFile } from 'node:fs/promises';
import { pipeline as joined, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { errors } from './errors.js';

export interface ArchiveHeader {
  readonly tenant: string;
  readonly slug: string;
  /** The database's time at the snapshot of the archive. */
  readonly taken_at: string;
  /** Newest migration at that moment, for people. */
  readonly migration: string;
  /** Table → digest of its columns. */
  readonly shapes: Readonly<Record<string, string>>;
}

export interface TableDigest {
  readonly table: string;
  readonly rows: number;
  readonly sha256: string;
}

export type ArchivePart =
  | { readonly kind: 'header'; readonly header: ArchiveHeader }
  | { readonly kind: 'rows'; readonly table: string; readonly lines: readonly string[] };

export type WrittenPart = ArchivePart | { readonly kind: 'table'; readonly table: string };

const MAGIC = 'basecommerce-store 1';
const CIPHER = 'aes-256-gcm';
const TAG_BYTES = 16;
const LONGEST_PREAMBLE = 256;
/** Rows of one batch. */
const BATCH_ROWS = 1_000;
const BATCH_BYTES = 4_000_000;
const LEVEL = 6;
/** Connects the streams so that an error in any of them reaches the reader of the last one. */
const IGNORED = (): void => undefined;

/** Writes to a temporary name and renames at the end, so a file with the final name is complete. */
export async function writeArchive(
  file: string,
  key: string | undefined,
  parts: AsyncIterable<WrittenPart>,
): Promise<TableDigest[]> {
  const digests: TableDigest[] = [];
  const unfinished = `${file}.part`;
  const salt = randomBytes(16);
  const nonce = randomBytes(12);
  const cipher = key === undefined ? undefined : createCipheriv(CIPHER, keyOf(key, salt), nonce);
  const preamble = cipher ? `${MAGIC} ${CIPHER} ${salt.toString('hex')} ${nonce.toString('hex')}` : `${MAGIC} plain`;
  try {
    await writeFile(unfinished, `${preamble}\n`, { mode: 0o600 });
    const source = Readable.from(linesOf(parts, digests));
    const target = createWriteStream(unfinished, { flags: 'a' });
    const gzip = createGzip({ level: LEVEL });
    await (cipher ? pipeline(source, gzip, cipher, target) : pipeline(source, gzip, target));
    if (cipher) await appendFile(unfinished, cipher.getAuthTag());
    const handle = await open(unfinished, 'r+');
    await handle.sync();
    await handle.close();
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  return digests;
}

/** Reads the whole archive without keeping it, so a damaged one is refused before a row reaches a table. */
export async function verifyArchive(file: string, key: string | undefined): Promise<ArchiveHeader> {
  let header: ArchiveHeader | undefined;
  for await (const part of readArchive(file, key)) if (part.kind === 'header') header = part.header;
  if (!header) throw errors.archive_damaged();
  return header;
}

/**
 * The header first, then rows in batches. Throws before the end when the archive is damaged, so use no row before the
 * end.
 */
export async function* readArchive(file: string, key: string | undefined): AsyncGenerator<ArchivePart> {
  const { body, isEncrypted } = await openBody(file, key);
  const tables = new Map<string, { rows: number; hash: ReturnType<typeof createHash> }>();
  let table: string | undefined;
  let batch: string[] = [];
  let bytes = 0;
  let manifest: TableDigest[] | undefined;
  try {
    for await (const line of splitLines(body)) {
      if (manifest) throw errors.archive_damaged();
      const text = line.slice(1);
      if (line[0] === 'R' && table !== undefined) {
        const counted = tables.get(table)!;
        counted.rows += 1;
        counted.hash.update(text);
        batch.push(text);
        bytes += text.length;
        if (batch.length < BATCH_ROWS && bytes < BATCH_BYTES) continue;
      }
      if (batch.length > 0 && table !== undefined) {
        yield { kind: 'rows', table, lines: batch };
        [batch, bytes] = [[], 0];
      }
      if (line[0] === 'H') yield { kind: 'header', header: JSON.parse(text) as ArchiveHeader };
      else if (line[0] === 'T')
        tables.set((table = JSON.parse(text) as string), { rows: 0, hash: createHash('sha256') });
      else if (line[0] === 'M') manifest = JSON.parse(text) as TableDigest[];
      else if (line[0] !== 'R') throw errors.archive_damaged();
    }
  } catch (error) {
    throw understood(error, isEncrypted);
  }
  const found = [...tables].map(([name, { rows, hash }]) => ({ table: name, rows, sha256: hash.digest('hex') }));
  if (JSON.stringify(manifest) !== JSON.stringify(found)) throw errors.archive_damaged();
}

async function* linesOf(parts: AsyncIterable<WrittenPart>, digests: TableDigest[]): AsyncGenerator<string> {
  let current: { table: string; rows: number; hash: ReturnType<typeof createHash> } | undefined;
  const finish = () => {
    if (current) digests.push({ table: current.table, rows: current.rows, sha256: current.hash.digest('hex') });
  };
  for await (const part of parts) {
    if (part.kind === 'header') yield `H${JSON.stringify(part.header)}\n`;
    else if (part.kind === 'table') {
      finish();
      current = { table: part.table, rows: 0, hash: createHash('sha256') };
      yield `T${JSON.stringify(part.table)}\n`;
    } else {
      for (const line of part.lines) current!.hash.update(line);
      current!.rows += part.lines.length;
      yield part.lines.map((line) => `R${line}\n`).join('');
    }
  }
  finish();
  yield `M${JSON.stringify(digests)}\n`;
}

async function openBody(file: string, key: string | undefined): Promise<{ body: Readable; isEncrypted: boolean }> {
  const { preamble, size } = await preambleOf(file);
  const [name, version, cipher, salt, nonce] = preamble.split(' ');
  const start = preamble.length + 1;
  if (`${name} ${version}` !== MAGIC || (cipher !== 'plain' && cipher !== CIPHER)) throw errors.archive_unreadable();
  if (cipher === 'plain')
    return { body: joined(createReadStream(file, { start }), createGunzip(), IGNORED), isEncrypted: false };
  if (key === undefined) throw errors.archive_locked();
  const end = size - TAG_BYTES;
  if (end <= start) throw errors.archive_damaged();
  const decipher = createDecipheriv(CIPHER, keyOf(key, Buffer.from(salt!, 'hex')), Buffer.from(nonce!, 'hex'));
  decipher.setAuthTag(await bytesAt(file, end, TAG_BYTES));
  const body = joined(createReadStream(file, { start, end: end - 1 }), decipher, createGunzip(), IGNORED);
  return { body, isEncrypted: true };
}

async function preambleOf(file: string): Promise<{ preamble: string; size: number }> {
  try {
    const start = (await bytesAt(file, 0, LONGEST_PREAMBLE)).toString('latin1');
    const handle = await open(file);
    const { size } = await handle.stat();
    await handle.close();
    return { preamble: start.slice(0, Math.max(0, start.indexOf('\n'))), size };
  } catch (error) {
    throw errors.archive_unreadable({ cause: error });
  }
}

async function bytesAt(file: string, position: number, length: number): Promise<Buffer> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function* splitLines(body: Readable): AsyncGenerator<string> {
  body.setEncoding('utf8');
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + (chunk as string)).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') throw errors.archive_damaged();
}

/** Slow by design, because a key may be a guessable sentence. */
function keyOf(key: string, salt: Buffer): Buffer {
  return scryptSync(key, salt, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1_024 * 1_024 });
}

function understood(error: unknown, isEncrypted: boolean): unknown {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  const isStream = code.startsWith('Z_') || error instanceof SyntaxError || message.includes('unable to authenticate');
  if (!isStream) return error;
  return isEncrypted ? errors.archive_key_wrong({ cause: error }) : errors.archive_damaged({ cause: error });
}

#!/usr/bin/env node
/**
 * Replaces the schema engine that Prisma's command line would download: a native program with which it exchanges one
 * JSON-RPC message per line. Prisma also publishes the engine as WebAssembly; this file offers it by the same protocol.
 * `npm run prisma -- …` sets PRISMA_SCHEMA_ENGINE_BINARY to it, so neither a newcomer nor a build server downloads
 * anything, and `generate`, `migrate status`, `migrate diff` and `db pull` work offline.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';
import { EngineConnections, plainUrl } from './engine-connection.mjs';

const engineFolder = path.dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'));
const { values, positionals } = parseArgs({
  // Prisma may hand over flags of a newer version.
  strict: false,
  allowPositionals: true,
  options: {
    datamodels: { type: 'string', multiple: true },
    datasource: { type: 'string' },
    version: { type: 'boolean', short: 'V' },
  },
});
const flags = /** @type {{ datamodels?: string[], datasource?: string, version?: boolean }} */ (values);
const datasource = flags.datasource ? JSON.parse(flags.datasource) : {};

if (flags.version) {
  const { version } = JSON.parse(readFileSync(path.join(engineFolder, 'package.json'), 'utf8'));
  process.stdout.write(`schema-engine-cli ${version.split('.').pop()}\n`);
} else if (positionals[0] === 'cli') {
  process.exitCode = await answerCommand(positionals[1]);
} else {
  converse();
}

/** `schema-engine cli can-connect-to-database`: answers by exit code and one line of JSON. */
async function answerCommand(command) {
  try {
    if (command !== 'can-connect-to-database')
      throw new Error(`${command} is not available here: databases are made by the project's own commands`);
    const client = new pg.Client(plainUrl(datasource.url));
    await client.connect();
    await client.end();
    return 0;
  } catch (error) {
    const known = { '3D000': 'P1003', '28P01': 'P1000', ECONNREFUSED: 'P1001', ENOTFOUND: 'P1001', ETIMEDOUT: 'P1001' };
    const fields = {
      message: error.message || String(error),
      error_code: known[error.code] ?? 'P1010',
      is_panic: false,
    };
    // The command line discards the first line as the engine's banner.
    process.stderr.write(
      `\n${JSON.stringify({ timestamp: new Date().toISOString(), level: 'ERROR', fields, target: 'schema_engine' })}\n`,
    );
    return 1;
  }
}

function converse() {
  let engine;
  let unanswered = 0;
  let isOver = false;
  const leaveWhenDone = () => isOver && unanswered === 0 && process.exit(0);
  createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const message = JSON.parse(line);
      if (!message.method) return;
      unanswered += 1;
      try {
        engine ??= startEngine();
        send({ id: message.id, result: await answer(await engine, message) });
      } catch (error) {
        send({ id: message.id, error: asRpcError(error) });
      }
      unanswered -= 1;
      leaveWhenDone();
    })
    .on('close', () => {
      isOver = true;
      leaveWhenDone();
    });
}

async function answer(engine, { method, params }) {
  if (method === 'getDatabaseVersion') return engine.version(params ?? null);
  // In the WebAssembly build this call recurses until the stack is full.
  if (method === 'introspectSql' || typeof engine[method] !== 'function')
    throw new Error(`${method} is not available in the WebAssembly engine`);
  const result = await engine[method](params ?? {});
  if (method !== 'diff') return result ?? {};
  // The native engine sends its findings to the command line in a separate request.
  if (result.stdout !== null)
    send({ id: 'found', method: 'print', params: { content: result.stdout.replace(/\n$/, '') } });
  return { ...result, stdout: null };
}

async function startEngine() {
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    last: '',
    get: () => globalThis.PRISMA_WASM_PANIC_REGISTRY.last,
    set_message: (text) => (globalThis.PRISMA_WASM_PANIC_REGISTRY.last = text),
  };
  const glue = await import(pathToFileURL(path.join(engineFolder, 'schema_engine_bg.js')).href);
  // Node's types lack it.
  const { WebAssembly } = /** @type {any} */ (globalThis);
  const module = await WebAssembly.compile(readFileSync(path.join(engineFolder, 'schema_engine_bg.wasm')));
  const { exports } = await WebAssembly.instantiate(module, { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  const datamodels = flags.datamodels?.map((file) => [file, readFileSync(file, 'utf8')]);
  const log = (entry) => process.env.DEBUG && process.stderr.write(`${entry}\n`);
  return glue.SchemaEngine.new(
    { datamodels },
    log,
    // The engine starts no transactions by itself, so its connection offers none.
    bindMigrationAwareSqlAdapterFactory(/** @type {any} */ (new EngineConnections(datasource))),
  );
}

function asRpcError(error) {
  const panic = globalThis.PRISMA_WASM_PANIC_REGISTRY?.last;
  if (panic)
    return { code: -32000, message: panic, data: { is_panic: true, message: panic, error: { message: panic } } };
  const data = {
    is_panic: false,
    message: error?.message ?? String(error),
    error_code: error?.code,
    meta: error?.meta ?? {},
  };
  return { code: 4466, message: 'An error happened. Check the data field for details.', data };
}

function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
}

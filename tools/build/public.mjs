/**
 * Copies the documentation readers' standalone bundles into dist/public/docs, so that images carry files, not packages.
 * A file's name carries a hash of its content, so browsers may keep it for good; a compressed copy is beside it (6.6 MB
 * become 1.9 MB). `manifest.json` maps plain names to the hashed ones.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const target = path.join(root, 'dist/public/docs');
const BUNDLES = {
  'swagger-ui-bundle.js': 'swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui.css': 'swagger-ui-dist/swagger-ui.css',
  'redoc.js': 'redoc/bundles/redoc.standalone.js',
  'scalar.js': '@scalar/api-reference/dist/browser/standalone.js',
};

/** One reader loads its logo from its author's server, which the policy forbids; the text beside it stays. */
const MARK = 'https://cdn.redoc.ly/redoc/logo-mini.svg';
const NOTHING = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

/** Inline scripts are forbidden by the pages' policy, so the start script of each reader is a file, too. */
const documentUrl = `const reader = document.getElementById('reader');\nconst url = reader.dataset.document;\n`;
const STARTERS = {
  'start-swagger.js': `${documentUrl}SwaggerUIBundle({ url, domNode: reader, deepLinking: true, persistAuthorization: true, validatorUrl: null });\n`,
  'start-redoc.js': `${documentUrl}Redoc.init(url, { disableSearch: true, nativeScrollbars: true }, reader);\n`,
  'start-scalar.js': `${documentUrl}Scalar.createApiReference(reader, { url, withDefaultFonts: false, telemetry: false, hideClientButton: true, showDeveloperTools: 'never', agent: { disabled: true } });\n`,
};

const bundle = (source) => readFileSync(path.join(root, 'node_modules', source), 'utf8').replaceAll(MARK, NOTHING);
/** @returns {[name: string, content: Buffer]} */
const named = (name, text) => [name, Buffer.from(text)];
const files = [
  ...Object.entries(BUNDLES).map(([name, source]) => named(name, bundle(source))),
  ...Object.entries(STARTERS).map(([name, content]) => named(name, content)),
];
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
const manifest = {};
for (const [name, content] of files) {
  const { name: stem, ext } = path.parse(name);
  const hashed = `${stem}.${createHash('sha256').update(content).digest('hex').slice(0, 12)}${ext}`;
  manifest[name] = hashed;
  writeFileSync(path.join(target, hashed), content);
  writeFileSync(path.join(target, `${hashed}.gz`), gzipSync(content, { level: 9 }));
}
writeFileSync(path.join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);

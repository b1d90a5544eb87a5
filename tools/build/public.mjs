/** Copies the documentation readers' standalone bundles into dist/public/docs, so that images carry files, not packages. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const target = path.join(root, 'dist/public/docs');
const BUNDLES = {
  'swagger-ui-bundle.js': 'swagger-ui-dist/swagger-ui-bundle.js',
  'swagger-ui.css': 'swagger-ui-dist/swagger-ui.css',
  'redoc.standalone.js': 'redoc/bundles/redoc.standalone.js',
  'scalar.standalone.js': '@scalar/api-reference/dist/browser/standalone.js',
};

/** Inline scripts are forbidden by the pages' policy, so what starts each reader is a file, too. */
const documentUrl = `const reader = document.getElementById('reader');\nconst url = reader.dataset.document;\n`;
const STARTERS = {
  'start-swagger.js': `${documentUrl}SwaggerUIBundle({ url, domNode: reader, deepLinking: true, persistAuthorization: true });\n`,
  'start-redoc.js': `${documentUrl}Redoc.init(url, { disableSearch: true, hideDownloadButton: false }, reader);\n`,
  'start-scalar.js': `${documentUrl}Scalar.createApiReference(reader, { url, withDefaultFonts: false, telemetry: false, hideClientButton: true, showDeveloperTools: 'never', agent: { disabled: true } });\n`,
};

mkdirSync(target, { recursive: true });
for (const [name, source] of Object.entries(BUNDLES))
  copyFileSync(path.join(root, 'node_modules', source), path.join(target, name));
for (const [name, content] of Object.entries(STARTERS)) writeFileSync(path.join(target, name), content);

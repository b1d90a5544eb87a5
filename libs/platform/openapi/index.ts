export { DocsController } from './docs.controller.js';
export { openApiDocument } from './document.js';

export { DocsController } from './docs.controller.js';
export { openApiDocument } from './document.js';
export { errorsMarkdown } from './errors-page.js';
export { allProblems } from './responses.js';

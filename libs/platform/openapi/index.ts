export { DocsController } from './docs.controller.js';
export { openApiDocument } from './document.js';
export { exampleOf } from './examples.js';
export { errorsMarkdown } from './errors-page.js';
export type { Json } from './json.js';
export { allProblems } from './responses.js';

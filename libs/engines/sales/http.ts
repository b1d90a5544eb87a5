export { salesInsightTexts } from './texts.js';

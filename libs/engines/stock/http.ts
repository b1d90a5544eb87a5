export { stockInsightTexts } from './texts.js';

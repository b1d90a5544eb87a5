export { DEMO_PEOPLE, DEMO_STORES } from './demo/catalogue.js';
export { type DemoStore, liveThrough } from './demo/history.js';

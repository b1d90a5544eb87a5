export { DEMO_PEOPLE, DEMO_ACCESS_STORES, DEMO_STORES } from './demo/catalogue.js';
export { type DemoStore, liveThrough } from './demo/history.js';

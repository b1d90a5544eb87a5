export { DEMO_PEOPLE, DEMO_RUNGS, DEMO_STORES } from './demo/catalogue.js';
export { type DemoStore, liveThrough } from './demo/history.js';

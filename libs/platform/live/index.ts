export { LiveFeeds } from './live-feeds.js';
export { LiveModule } from './live.module.js';
export { streamWakes } from './wakes.js';

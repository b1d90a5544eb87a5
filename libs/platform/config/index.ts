export { bootSettings } from './boot.js';
export { SETTINGS } from './settings-token.js';
export { settingsMarkdown } from './reference.js';
export { type ProcessName, readSettings, type Settings } from './settings.js';

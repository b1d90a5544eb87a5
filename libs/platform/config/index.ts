export { bootSettings } from './boot.js';
export { SETTINGS, SettingsModule } from './config.module.js';
export { settingsMarkdown } from './reference.js';
export { type ProcessName, readSettings, type Settings } from './settings.js';

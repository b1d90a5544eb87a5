/** Reads the settings at the start of a process, and stops it with a message when they are invalid. */
import { existsSync } from 'node:fs';
import { endOnSignals } from './signals.js';
import { type ProcessName, readSettings, type Settings, SettingsError } from './settings.js';

/** sysexits.h: the configuration is wrong; restarting will not help. */
const EX_CONFIG = 78;

export function bootSettings(processName: ProcessName): Settings {
  endOnSignals();
  // Only development reads .env: a production process must not change because of a file beside it.
  if (process.env['NODE_ENV'] === 'development' && existsSync('.env')) process.loadEnvFile('.env');
  try {
    return readSettings(processName, process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${processName}: configuration refused\n${error.message.replaceAll(/^/gm, '  ')}\n`);
    process.exit(EX_CONFIG);
  }
}

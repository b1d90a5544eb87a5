/**
 * The token under which @nestjs/config provides the namespace `settings`. It is written out, because the package itself is
 * loaded by servers only (config.module.ts compares the two).
 */
export const SETTINGS = 'CONFIGURATION(settings)';

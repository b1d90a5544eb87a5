/**
 * The settings in Nest, by @nestjs/config: read and checked once at boot, then injected wherever they are needed. There is
 * one way to read a setting: `@Inject(SETTINGS) settings: Settings`.
 */
import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Settings } from './settings.js';

const NAME = 'settings';

/** @nestjs/config's token of the settings' namespace. */
export const SETTINGS = getConfigToken(NAME);

@Module({})
export class SettingsModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: SettingsModule,
      imports: [
        ConfigModule.forRoot({
          isGlobal: true,
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          load: [registerAs(NAME, () => settings)],
        }),
      ],
    };
  }
}

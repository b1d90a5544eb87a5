/**
 * The settings in Nest, by @nestjs/config: read and checked once at boot, then injected wherever they are needed. There is
 * one way to read a setting: `@Inject(SETTINGS) settings: Settings`.
 */
import { Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule, getConfigToken, registerAs } from '@nestjs/config';
import type { Settings } from './settings.js';
import { SETTINGS } from './settings-token.js';

const NAME = 'settings';
if (getConfigToken(NAME) !== SETTINGS) throw new Error(`@nestjs/config provides ${NAME} under another token`);

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

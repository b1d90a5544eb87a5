/** Settings for Nest: validated through @nestjs/config, injected as one typed value. */
import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { type ProcessName, readSettings, type Settings } from './settings.js';

export const SETTINGS = Symbol('Settings');

@Module({})
export class SettingsModule {
  static for(process: ProcessName, settings: Settings): DynamicModule {
    return {
      module: SettingsModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          ignoreEnvFile: settings.isProduction,
          cache: true,
          validate: (environment) => ({ ...readSettings(process, environment as Record<string, string>) }),
        }),
      ],
      providers: [{ provide: SETTINGS, useValue: settings }],
      exports: [SETTINGS],
    };
  }
}

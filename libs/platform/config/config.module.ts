/**
 * Settings for Nest. They were read and judged once, at boot; @nestjs/config serves the same values to whoever asks its
 * ConfigService, and our own code injects them as one typed value.
 */
import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { Settings } from './settings.js';

export const SETTINGS = Symbol('Settings');

@Module({})
export class SettingsModule {
  static with(settings: Settings): DynamicModule {
    return {
      module: SettingsModule,
      global: true,
      imports: [
        ConfigModule.forRoot({
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          cache: true,
          load: [() => ({ ...settings })],
        }),
      ],
      providers: [{ provide: SETTINGS, useValue: settings }],
      exports: [SETTINGS],
    };
  }
}

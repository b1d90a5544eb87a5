import { Module } from '@nestjs/common';
import { LiveFeeds } from './live-feeds.js';
import { StreamController } from './stream.controller.js';

@Module({ controllers: [StreamController], providers: [LiveFeeds], exports: [LiveFeeds] })
export class LiveModule {}
